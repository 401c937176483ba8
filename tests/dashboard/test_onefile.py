"""The page as one file: everything is inside it, and nothing of a study's texts gets out of its place."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

pytest.importorskip("starlette")

import osetra as ose
from osetra.dashboard import vendor
from osetra.dashboard.follow import View
from osetra.dashboard.onefile import NAME, documents_of, one_file

pytestmark = pytest.mark.skipif(
    bool(vendor.ensure()), reason="the page's libraries cannot be laid here: no npm"
)

HOSTILE = "</script><script>alert(1)</script><!--\"'&\u202e\x1b[31m"


class Parts(HTMLParser):
    """The tags of a page, and the text inside each script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self._open = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs).get("type", "")) if tag in ("script", "style", "title") else None

    def handle_data(self, data):
        if self._open:
            self.texts[self._open] = self.texts.get(self._open, "") + data

    def handle_endtag(self, tag):
        self._open = None


@pytest.fixture(scope="module")
def page():
    space = ose.Space({"lr": ose.Float(1e-4, 1.0, scale="log"), "kind": ose.Choice("a", HOSTILE)})
    study = ose.Study("memory:", space, minimize="val_loss", searcher="random", scheduler="full")

    def train(run):
        for step in run.steps(4):
            run.report(val_loss=1 / step, train_loss=0.5 / step)
        if run.trial == 2:
            raise ValueError(HOSTILE)

    study.run(train, trials=5, progress=False, keep_going=True)
    view = View(study.problem, study.history)
    return view, Parts(one_file(view, HOSTILE))


def test_the_documents_are_those_of_the_page(page):
    view, parts = page
    inside = json.loads(parts.texts["script", "application/json"])
    made = json.loads(json.dumps(documents_of(view, HOSTILE)))
    assert inside.keys() == made.keys()
    for path in ("/api/studies/study", "/api/studies/study/trials", "/api/studies/study/trials/2"):
        assert inside[path] == made[path]
    assert inside["/api/studies"]["studies"][0]["name"] == HOSTILE
    assert "</script><script>" in inside["/api/studies/study/trials/2"]["reason"]


def test_no_text_of_the_study_becomes_markup_and_nothing_comes_from_elsewhere(page):
    _, parts = page
    kinds = [attrs.get("type") for tag, attrs in parts.tags if tag == "script"]
    assert kinds == ["application/json", "importmap", "module"]
    assert {tag for tag, _ in parts.tags} <= {
        *("html", "head", "meta", "title", "style", "script", "body", "div", "noscript", "p"),
    }
    for _, attrs in parts.tags:
        assert not {"src", "href", "onload", "style"} & attrs.keys()
    assert not re.search(r"url\(\s*['\"]?(?!data:)", parts.texts["style", ""])


def test_the_policy_lets_run_what_is_there_and_nothing_else(page):
    _, parts = page
    (policy,) = [a["content"] for _, a in parts.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "connect" not in policy
    for place in (("script", "importmap"), ("script", "module"), ("style", "")):
        mark = base64.b64encode(hashlib.sha256(parts.texts[place].encode()).digest()).decode()
        assert f"'sha256-{mark}'" in policy


def test_every_import_of_every_module_is_in_the_map(page):
    _, parts = page
    imports = json.loads(parts.texts["script", "importmap"])["imports"]
    texts = [base64.b64decode(address.partition(",")[2]).decode() for address in imports.values()]
    asked = set()
    for text in [*texts, parts.texts["script", "module"]]:
        found = re.findall(r"""^\s*(?:import|export)\b[^;'"]*?["']([^"']+)["']""", text, re.MULTILINE)
        asked |= {name for name in found if name.startswith((".", "/", NAME))}
    assert asked and asked <= imports.keys()


def test_the_command_needs_no_server(tmp_path):
    study = ose.Study(str(tmp_path / "study.db"), ose.Space(x=ose.Float(0, 1)), minimize="loss")
    study.run(lambda run: run.config["x"], trials=2, progress=False)
    study.close()
    blocked = "import sys; sys.modules.update(dict.fromkeys(('starlette', 'uvicorn', 'anyio', 'h11'))); "
    program = blocked + "from osetra.cli import main; main(prog_name='osetra')"
    words = ["show", str(tmp_path / "study.db"), "--html", str(tmp_path / "out.html")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "<html" in (tmp_path / "out.html").read_text("utf-8")
