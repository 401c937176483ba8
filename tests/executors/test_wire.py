"""Channels: whoever writes to the pipe, and whatever interrupts a message, the next ones are read."""

import gc
import os
import pickle
import random
import signal
import threading
import time

import pytest

from osetra.core.ending import Ending
from osetra.executors import wire
from osetra.executors.wire import Channel, Done, Points, Ready


@pytest.fixture
def channel():
    made = Channel(*os.pipe())
    yield made
    made.close()


def received(channel, count, seconds=20.0):
    """Return so many messages, or as many as come in time."""
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += channel.receive(0.1)
    return found


def long_message(number):
    return Done((number, 1), Ending("failed", detail=chr(97 + number % 26) * 30_000))


def test_messages_of_any_length_come_whole_and_in_order(channel):
    sent = [Points((1, 1), [(0, step, "loss", float(step))] * size) for step, size in enumerate((1, 5000, 2))]
    thread = threading.Thread(target=lambda: [channel.send(message) for message in sent])
    thread.start()
    assert received(channel, 3) == sent
    thread.join()


def test_threads_that_speak_at_once_do_not_garble_each_other(channel):
    crowd = [
        threading.Thread(target=lambda n=n: [channel.send(long_message(n)) for _ in range(20)])
        for n in range(8)
    ]
    for thread in crowd:
        thread.start()
    found = received(channel, 160)
    for thread in crowd:
        thread.join()
    assert sorted(m.place[0] for m in found) == [n for n in range(8) for _ in range(20)]
    assert all(message == long_message(message.place[0]) for message in found)


def test_what_strangers_write_between_messages_is_passed_over(channel, caplog):
    rng = random.Random(0)
    for number in range(300):
        junk = rng.randbytes(rng.randint(0, 60))
        if number % 7 == 0:
            junk = wire._MAGIC + junk  # it even looks like one of ours
        os.write(channel.writer, junk)
        channel.send(Ready(number, 0.0))
    os.write(channel.writer, wire._pack(wire._MAGIC, 1, 0, 1, 3) + b"\xff\xff\xff")
    channel.send(Ready(300, 0.0))
    assert "cannot be read" not in caplog.text
    numbers = [message.pid for message in received(channel, 301, 2.0)]
    # Junk that announces more bytes than it has takes the message behind it along.
    assert len(numbers) > 250 and numbers == sorted(numbers) and numbers[-1] == 300
    assert "cannot be read" in caplog.text


def test_junk_does_not_fill_the_memory(channel):
    for _ in range(100):
        os.write(channel.writer, b"x" * 4096)
        assert channel.receive(0.0) == []
    assert len(channel._data) < 10


def test_a_signal_handler_that_raises_or_speaks_garbles_nothing(channel):
    class Alarm(Exception):
        pass

    turn, sending = 0, False

    def handle(number, frame):
        nonlocal turn
        turn += 1
        if turn % 2:
            channel.send(Ready(turn, 0.0))
        if sending:
            raise Alarm

    found = []
    reader = threading.Thread(target=lambda: found.extend(received(channel, 10**9, 4.0)), daemon=True)
    reader.start()
    before = signal.signal(signal.SIGALRM, handle)
    gc.disable()  # an alarm in a callback of the collector would end there
    try:
        deadline, whole = time.monotonic() + 2.0, 0
        while time.monotonic() < deadline:
            try:
                sending = True
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003))
                channel.send(long_message(1))
                sending = False
                whole += 1
            except Alarm:
                sending = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    channel.send(Ready(-1, 0.0))
    reader.join()
    assert found[-1] == Ready(-1, 0.0) and turn > 10
    assert sum(isinstance(message, Done) for message in found) >= whole
    assert all(message == long_message(1) for message in found if isinstance(message, Done))


def test_a_forked_or_copied_channel_sends_nothing(channel):
    copy = pickle.loads(pickle.dumps(Channel(channel.reader, channel.writer, owner=0)))
    copy.send(Ready(666, 0.0))
    child = os.fork()
    if child == 0:
        channel.send(Ready(666, 0.0))
        os._exit(0)
    os.waitpid(child, 0)
    channel.send(Ready(1, 0.0))
    assert received(channel, 1) == [Ready(1, 0.0)]
