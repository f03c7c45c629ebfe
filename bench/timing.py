"""What the benches share: how a program of fanin is built, asked and timed."""

import subprocess
import sys
import time


def build(bench, package="fanin-kernels"):
    """The program of a package's bench, built for release."""
    command = ["cargo", "bench", "-p", package, "--bench", bench, "--no-run"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return said[said.rindex("(") + 1 : said.rindex(")")]


def peak_megabytes(process):
    """The most memory that another process held, by Linux."""
    with open(f"/proc/{process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def seconds(work):
    """(on the wall, of the processor)"""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


class Fanin:
    """A program that does what a line asks for and answers with the seconds that it took."""

    def __init__(self, program, threads):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([program, str(threads)], text=True, bufsize=1, **pipes)

    def __call__(self, *words):
        before = self.processor_time()
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        wall = float(self.process.stdout.readline())
        return wall, self.processor_time() - before if before else wall

    def processor_time(self):
        """That of the program, by Linux's clock for another process; 0 elsewhere."""
        if not sys.platform.startswith("linux"):
            return 0.0
        return time.clock_gettime((~self.process.pid << 3) | 2)
