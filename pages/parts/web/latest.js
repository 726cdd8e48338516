// @ts-check
// One job at a time, and of those that wait meanwhile only the latest: what a moving pointer asks would pile up else.

/** @typedef {() => Promise<unknown>} Job */

export class Latest {
  /**
   * @param {() => boolean} [ready] whether a job can begin now; call pump() when that changes
   * @param {() => Job | null} [idle] what to do while nothing waits
   */
  constructor(ready = () => true, idle = () => null) {
    this.ready = ready;
    this.idle = idle;
    this.waiting = /** @type {Job | null} */ (null);
    this.busy = false;
    this.closed = false;
  }

  /** @param {Job} job */
  run(job) {
    this.waiting = job;
    this.pump();
  }

  forget() {
    this.waiting = null;
  }

  async pump() {
    if (this.busy || this.closed || !this.ready()) return;
    const job = this.waiting ?? this.idle();
    if (!job) return;
    this.waiting = null;
    this.busy = true;
    try {
      await job();
    } finally {
      this.busy = false;
    }
    this.pump();
  }

  close() {
    this.closed = true;
    this.waiting = null;
  }
}
