"""Texts in the encodings of many alphabets are read as they were written, and that is said."""

import random

import pytest

from osetra.data.delimited import parse_bytes
from osetra.data.encoding import decoded
from osetra.data.options import DataOptions

WORDS = [
    ("gbk gb18030", "北京 上海 广州 深圳 红色 蓝色 绿色 价格 名称 城市 日期 客户 优 良 男 女"),
    ("big5", "臺北 高雄 臺中 臺南 紅色 藍色 綠色 價格 名稱 城市 日期 客戶 優 良 男 女"),
    ("euc-kr cp949", "서울 부산 대구 인천 빨강 파랑 초록 가격 이름 도시 날짜 고객 예 아니오 남자 여자"),
    (
        "shift_jis cp932 euc_jp",
        "東京 大阪 京都 赤 青 緑 価格 名前 都市 日付 お客様 はい いいえ スマホ パソコン とても良い",
    ),
    (
        "cp1251 koi8-r",
        "Москва Казань красный синий зелёный цена имя город дата клиент да нет мужской женский телефон",
    ),
    (
        "cp1253",
        "Αθήνα Πάτρα κόκκινο μπλε πράσινο τιμή όνομα πόλη ημερομηνία πελάτης ναι όχι άνδρας γυναίκα τηλέφωνο",
    ),
    ("cp1254", "İstanbul kırmızı yeşil şehir müşteri hayır kadın çok değil güneş ağaç ışık öğrenci"),
    ("cp1250", "Łódź Kraków Gdańsk zielony żółty mężczyzna źle książka ćma późno węgiel śnieg"),
    ("cp1250", "Plzeň červený zelený žlutý název město muž žena dobře špatně příliš kůň účet"),
    ("cp1250", "Győr zöld sárga ár név város dátum ügyfél férfi nő hűtő őszi tűz"),
    ("cp1252", "Orléans été hôtel élève français garçon très déjà où noël cœur prix rouge"),
    ("cp1252", "München Köln grün schön größer Straße für über Mädchen weiß Käse rot blau"),
    ("cp1252", "México año niño español mañana corazón también él sí qué rojo azul"),
    ("cp1252", "Malmö Göteborg röd blå grön kött fågel öl år ä smörgås"),
]
CASES = [(name, words.split()) for names, words in WORDS for name in names.split()]


def table(words: list[str], seed: int) -> str:
    draw = random.Random(seed)
    return "id,v,y\n" + "".join(f"{i},{draw.choice(words)},{'ab'[i % 2]}\n" for i in range(60))


@pytest.mark.parametrize(("encoding", "words"), CASES, ids=[f"{name} {words[0]}" for name, words in CASES])
def test_tables_in_any_alphabet_are_read(encoding, words):
    for seed in range(5):
        text = table(words, seed)
        assert decoded(text.encode(encoding), "t.csv")[0] == text
        assert decoded(text.encode("utf-8"), "t.csv") == (text, "utf-8")


def test_what_was_assumed_is_said_and_can_be_said_otherwise():
    raw = table(["красный", "синий", "зелёный"], 0).encode("cp1251")
    read = parse_bytes(raw, "t.csv", DataOptions())
    assert "read as: cp1251 text" in read.notes[0].text and "--encoding" in read.notes[0].text
    assert "красный" in read["v"].levels
    assert "красный" not in parse_bytes(raw, "t.csv", DataOptions(encoding="cp1252"))["v"].levels


@pytest.mark.parametrize("cell", ["25 °C", "3 µm", "5 €", "10 – 20", "½ kg", "it’s", "£5", "4 m²"])
def test_signs_of_western_texts_are_western(cell):
    text = "a,y\n" + f"{cell},1\n" * 20
    assert decoded(text.encode("cp1252"), "t.csv") == (text, "cp1252")


def test_long_lines_before_and_between_cost_nothing():
    text = "a" * 300_000 + "\n" + ("красный," + "b" * 1000 + ",синий\n") * 200
    assert decoded(text.encode("cp1251"), "t.csv") == (text, "cp1251")
