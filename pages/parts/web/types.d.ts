// The shapes that several components' scripts share: what Streamlit hands them, and what they leave in the window.

export type SetState = (name: string, value: unknown) => void;

/** One call of Streamlit's to a component. */
export interface Call {
  parentElement: HTMLElement;
  data: unknown;
  setStateValue: SetState;
}

/** What a component's entry module exports as its default: a class of these, made with the root and the first data. */
export interface View {
  root: HTMLElement;
  update(data: any, setState: SetState): void;
  close(): void;
}

export type Place = [x: number, y: number];
export type Box = { width: number; height: number };
export type Rgb = number[];
/** The colours #rrggbb of the ten digits, on a light page and on a dark one. */
export type DigitColors = Record<"light" | "dark", string[]>;

/** Whose map of codes. */
export interface MapName {
  run: string;
  method: string;
  sample?: string;
}

/** Where a walk is: a way in units of a map, and the place on it that is shown now. */
export interface Walked extends MapName {
  path: Place[];
  at: number | null;
  label?: string;
}

/** The server's answer; which fields it has follows from the question. */
export type Reply = { seq?: number; error?: string; lost?: boolean } & Record<string, any>;

/** How a sheet of digits is laid out. */
export type SheetLayout = { digits: number; columns: number };

declare global {
  interface Window {
    digitlabWalk?: Walked;
    digitlabPlotly?: Promise<any>;
    Plotly?: any;
    navigation?: EventTarget;
  }
  interface WindowEventMap {
    "digitlab:walk": CustomEvent<Walked>;
  }
  interface HTMLCanvasElement {
    atlas?: { screen(row: number): Place; rows(): number; frame(): number };
  }
}
