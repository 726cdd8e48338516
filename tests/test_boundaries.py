"""What must not depend on what: core on Streamlit, and a page's opening on torch."""

import subprocess
import sys

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


def test_opening_the_train_page_loads_no_torch():
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\nfrom core.jobs import submit\n"
        "submit.submit = print\n"  # nothing is computed for the shipped runs
        "at = AppTest.from_file('pages/navigation.py', default_timeout=60).run()\n"
        "at.switch_page('train.py').run()\n"
        "print(len(at.exception), at.title[0].value, 'torch' in sys.modules)"
    )
    assert run(code).splitlines()[-1] == "0 Train False"
