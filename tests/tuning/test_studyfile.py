"""study.toml: [data] says how data is to be read, as the command line does, which comes first."""

import pytest

from osetra.data.options import DataOptions
from osetra.errors import StudyError
from osetra.tuning.program import filled
from osetra.tuning.request import Request
from osetra.tuning.studyfile import read_study_file

TEXT = """
[data]
delimiter = ";"
na = "999"
drop = ["id", "name"]
header = 2
ignore_case = true
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        (tmp_path / "study.toml").write_text(text)
        return tmp_path / "study.toml"

    return write


def test_the_command_line_comes_before_the_file(file):
    request = Request(source="d.csv", reading=DataOptions(drop=("other",)))
    found = filled(request, read_study_file(file(TEXT))).reading
    assert found == DataOptions(delimiter=";", na=("999",), drop=("other",), header="2", ignore_case=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("delimeter = ';'", r"\[data\] has no key 'delimeter'.*delimiter"),
        ("na = [999]", r"\[data\] na = \[999\]: a list of texts expected"),
        ("ignore_case = 'yes'", r"\[data\] ignore_case = 'yes': true or false expected"),
        ("decimal = ';'", r"\[data\] decimal=';': give '.' or ','"),
        ("encoding = 'klingon'", r"\[data\] encoding='klingon': no such encoding"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(file, lines, said):
    with pytest.raises(StudyError, match=said):
        read_study_file(file(f"[data]\n{lines}\n"))
