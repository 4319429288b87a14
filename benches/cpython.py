"""CPython's threading and queue, by the workloads of the same names: python3 cpython.py [group]...

Medians of rounds, in nanoseconds for an operation, without those of the loop. `--plain` is for `cargo bench` to read;
`--quick` is rough, `--smoke` no measurement at all."""

import platform
import queue
import statistics
import sys
import threading
import time

ROUNDS = 7
BUDGET = 0.02


def each(body):
    """Nanoseconds for one call, without those of the loop and of a call that does nothing."""
    def seconds(f, times):
        begin = time.perf_counter()
        for _ in range(times):
            f()
        return time.perf_counter() - begin

    def once():
        times = 16
        while (taken := seconds(body, times)) < BUDGET:
            times *= 2
        return (taken - seconds(lambda: None, times)) / times * 1e9

    return statistics.median(once() for _ in range(ROUNDS))


def together(*bodies):
    """Seconds until all have run, each in a thread."""
    threads = [threading.Thread(target=body) for body in bodies]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "it hangs"
    return time.perf_counter() - begin


def rounds(times, *bodies):
    return statistics.median(together(*bodies) / times * 1e9 for _ in range(ROUNDS))


def lock():
    lock = threading.Lock()

    def pair():
        lock.acquire()
        lock.release()

    def timed():
        lock.acquire(timeout=60)
        lock.release()

    yield "Lock, acquire and release", each(pair)
    yield "Lock, acquire with a timeout and release", each(timed)


def rlock():
    lock = threading.RLock()

    def once():
        lock.acquire()
        lock.release()

    def four_times():
        lock.acquire()
        lock.acquire()
        lock.acquire()
        lock.acquire()
        lock.release()
        lock.release()
        lock.release()
        lock.release()

    yield "RLock, depth 1: acquire and release", each(once)
    yield "RLock, depth 4: four acquires, four releases", each(four_times)


def event():
    event = threading.Event()

    def set_clear():
        event.set()
        event.clear()

    yield "Event, is_set", each(event.is_set)
    yield "Event, set and clear", each(set_clear)
    event.set()
    yield "Event, wait when set", each(event.wait)
    ping, pong, times = threading.Event(), threading.Event(), 100 * ROUNDS

    def one():
        for _ in range(times):
            ping.set()
            pong.wait()
            pong.clear()

    def other():
        for _ in range(times):
            ping.wait()
            ping.clear()
            pong.set()

    yield "Event, ping-pong, 2 cores", rounds(times, one, other)


def condition():
    condition = threading.Condition()

    def notify():
        with condition:
            condition.notify()

    yield "Condition, notify without waiter", each(notify)


def semaphore():
    semaphore = threading.Semaphore(1)

    def pair():
        semaphore.acquire()
        semaphore.release()

    yield "Semaphore, acquire and release", each(pair)


def barrier():
    for parties in (2, 4, 8):
        barrier, times = threading.Barrier(parties), 20 * ROUNDS

        def cycles():
            for _ in range(times):
                barrier.wait()

        yield f"Barrier of {parties}", rounds(times, *[cycles] * parties)


def queues():
    def put_get(queue):
        def pair():
            queue.put(7)
            queue.get()
        return each(pair)

    yield "Queue, cap 1024, 8 B", put_get(queue.Queue(1024))
    yield "Queue, unbounded, 8 B", put_get(queue.Queue())
    yield "SimpleQueue, 8 B", put_get(queue.SimpleQueue())
    yield "LifoQueue, 8 B", put_get(queue.LifoQueue())
    yield "PriorityQueue, 8 B", put_get(queue.PriorityQueue())
    for capacity in (1, 1024):
        channel, times = queue.Queue(capacity), 500 * ROUNDS

        def putter():
            for item in range(times):
                channel.put(item)

        def getter():
            assert [channel.get() for _ in range(times)] == list(range(times))

        yield f"1 → 1, cap {capacity}", rounds(times, putter, getter)


def thread():
    def start_join():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    yield "Thread, start and join", each(start_join)


GROUPS = {"lock": lock, "rlock": rlock, "event": event, "condition": condition, "semaphore": semaphore,
          "barrier": barrier, "queue": queues, "thread": thread}


def main():
    global ROUNDS, BUDGET
    plain = "--plain" in sys.argv
    if "--quick" in sys.argv:
        ROUNDS, BUDGET = 3, 0.004
    if "--smoke" in sys.argv:
        ROUNDS, BUDGET = 1, 0.0002
    names = [name for name in sys.argv[1:] if name not in ("--plain", "--quick", "--smoke")] or list(GROUPS)
    if unknown := [name for name in names if name not in GROUPS]:
        sys.exit(f"no group {unknown[0]!r}; there are: {' '.join(GROUPS)}")
    title = f"CPython {platform.python_version()}"
    print(title if plain else f"| {title} | ns |\n|---|---:|")
    for name in names:
        for row, nanoseconds in GROUPS[name]():
            print(f"{row}\t{nanoseconds:.1f}" if plain else f"| {row} | {nanoseconds:.1f} |", flush=True)


main()
