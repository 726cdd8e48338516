"""What must not depend on what: core on Streamlit, and a page's opening on torch; and that rooms stay small."""

import ast
import subprocess
import sys
from collections import Counter

from tests.conftest import ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_no_core_module_imports_streamlit():
    modules = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in sorted((ROOT / "core").rglob("*.py"))]
    assert len(modules) > 10
    loads = "\n".join(f"import {module.removesuffix('.__init__')}" for module in modules)
    assert run(f"import sys\n{loads}\nprint('streamlit' in sys.modules)") == "False"


def test_core_starts_without_torch():
    modules = "core.worker core.live.answer core.figures.curves core.measures.pca core.training.presets"
    code = "import sys\n" + "".join(f"import {module}\n" for module in modules.split())
    assert run(code + "print({'torch', 'sklearn', 'umap'} & set(sys.modules))") == "set()"


def test_opening_a_page_loads_no_torch_and_drawing_no_pandas():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\nfrom core.jobs import submit\n"
        "submit.submit = print\n"  # nothing is computed for the shipped runs
        "at = AppTest.from_file('pages/navigation.py', default_timeout=60).run()\n"
        "print({'torch', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules))\n"
        "at.switch_page('train.py').run()\n"
        "print(len(at.exception), at.title[0].value, 'torch' in sys.modules)"
    )
    assert run(code).splitlines()[-2:] == ["set()", "0 Train False"]


def test_reading_a_model_loads_no_compiler():
    code = (
        "import sys\nimport numpy as np\nfrom core.runs.store import store\nfrom core.runs.weights import load_model\n"
        "load_model(store().get('cnn')).predict_proba(np.zeros((1, 28, 28), np.uint8))\n"
        "print({'torch', 'torch._dynamo', 'torch._inductor', 'sympy', 'torchvision', 'sklearn'} & set(sys.modules))"
    )
    assert run(code) == "{'torch'}"


def test_no_room_holds_more_than_one_can_overlook():
    files = [p for room in ("core", "pages") for p in (ROOT / room).rglob("*.*") if "__pycache__" not in p.parts]
    crowded = {str(room): count for room, count in Counter(p.parent for p in files).items() if count > 18}
    assert not crowded
    for path in (p for p in files if p.suffix == ".py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path
        assert not text.strip() or ast.get_docstring(ast.parse(text)), path
