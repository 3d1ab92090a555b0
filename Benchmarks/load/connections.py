#!/usr/bin/env python3
"""Many connections of one gateway to one server: memory, CPU, and how they come back when the server loses them all.

    ./connections.py [--connections 1000] [--seconds 10] [--routes] [--broker] [--json FILE]

The server (plain asyncio, in this process) sends each client a message a second, evenly spread. Then it aborts every TCP
connection at the same moment and notes when each client is back. Exits 1 if a budget is missed: 150 MB, 20 % of a core.
--routes adds a route from each connection to a UDP port, --broker a private mosquitto for the status topics.
"""
import argparse, asyncio, base64, hashlib, json, os, resource, signal, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
WSBRIDGE = os.environ.get("WSBRIDGE", os.path.join(HERE, "../../.build/release/wsbridge"))
BUDGET_MB, BUDGET_CPU = 150, 20
TICK = 0.02
PAYLOAD = json.dumps({"type": "trade", "symbol": "ABC", "price": 1.5, "note": "x" * 180}).encode()
FRAME = bytes([0x81, 126]) + len(PAYLOAD).to_bytes(2, "big") + PAYLOAD


class Client(asyncio.Protocol):
    established, arrivals = set(), []

    def connection_made(self, transport):
        self.transport, self.head = transport, b""

    def data_received(self, data):
        if self in Client.established:  # pings: an empty answer to each is enough to be alive
            return self.answer(data)
        self.head += data
        if b"\r\n\r\n" not in self.head:
            return
        key = next(l[19:].strip() for l in self.head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key: "))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        Client.established.add(self)
        Client.arrivals.append(time.monotonic())

    def answer(self, data):
        while len(data) >= 6 and data[1] & 0x7F < 126:
            length, mask = data[1] & 0x7F, data[2:6]
            body = bytes(b ^ mask[i & 3] for i, b in enumerate(data[6:6 + length]))
            if data[0] & 15 == 9:
                self.transport.write(bytes([0x8A, length]) + body)
            data = data[6 + length:]

    def connection_lost(self, error):
        Client.established.discard(self)


async def feed():
    """Each client once a second: a fiftieth of them at each tick."""
    turns = round(1 / TICK)
    turn, due = 0, time.monotonic()
    while True:
        for index, client in enumerate(list(Client.established)):
            if index % turns == turn:
                client.transport.write(FRAME)
        turn = (turn + 1) % turns
        due += TICK
        await asyncio.sleep(max(0, due - time.monotonic()))


async def until(what, condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {seconds} s")
        await asyncio.sleep(0.02)


def rss(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) / 1024


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(arguments, port, folder):
    lines = ["instance: bench", f"control_socket: {folder}/control.sock", "connections:"]
    lines += [f'  c{n}: {{ url: "ws://127.0.0.1:{port}/{n}" }}' for n in range(arguments.connections)]
    processes = []
    if arguments.broker:
        broker = free_port()
        with open(f"{folder}/mosquitto.conf", "w") as conf:
            conf.write(f"listener {broker} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        processes.append(subprocess.Popen(["mosquitto", "-c", f"{folder}/mosquitto.conf"],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        lines += [f'mqtt: {{ local: {{ url: "mqtt://127.0.0.1:{broker}" }} }}']
    if arguments.routes:
        sink = free_port(socket.SOCK_DGRAM)
        lines += ["routes:"] + [f'  r{n}: {{ from: c{n}, to: {{ udp: "127.0.0.1:{sink}" }} }}'
                                for n in range(arguments.connections)]
    else:
        lines += ["routes: {}"]
    path = f"{folder}/wsbridge.yaml"
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path, processes


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--routes", action="store_true")
    parser.add_argument("--broker", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = arguments.connections
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Client, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    feeding = loop.create_task(feed())
    result = {"connections": count, "routes": arguments.routes, "broker": arguments.broker}
    with tempfile.TemporaryDirectory() as folder:
        path, processes = configuration(arguments, port, folder)
        with open(f"{folder}/log", "wb") as log:
            gateway = subprocess.Popen([WSBRIDGE, "run", "-c", path], stdout=log, stderr=log, cwd=folder)
        processes.append(gateway)
        try:
            begin = time.monotonic()
            await until("all established", lambda: len(Client.established) == count, 60)
            result["all_established_s"] = round(Client.arrivals[-1] - begin, 2)
            await asyncio.sleep(3)

            async def measure(name):
                before, at = cpu(gateway.pid), time.monotonic()
                await asyncio.sleep(arguments.seconds)
                share = 100 * (cpu(gateway.pid) - before) / (time.monotonic() - at)
                result[name] = {"cpu_percent": round(share, 1), "rss_mb": round(rss(gateway.pid), 1)}

            await measure("steady")
            Client.arrivals.clear()
            lost = time.monotonic()
            for client in list(Client.established):
                client.transport.abort()
            await until("all back", lambda: len(Client.established) == count and len(Client.arrivals) >= count, 120)
            delays = sorted(at - lost for at in Client.arrivals[:count])
            tenths = [0] * (int(delays[-1] * 10) + 1)
            for delay in delays:
                tenths[int(delay * 10)] += 1
            result["return"] = {"first_s": round(delays[0], 3), "median_s": round(delays[count // 2], 3),
                                "last_s": round(delays[-1], 3), "per_100_ms": tenths}
            await asyncio.sleep(3)
            await measure("after_return")
            result["peak_rss_mb"] = round(rss(gateway.pid, "VmHWM"), 1)
            gateway.send_signal(signal.SIGTERM)
            result["exit"] = gateway.wait(30)
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
    feeding.cancel()
    print(json.dumps(result, indent=1))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(result, file)
    good = (result["peak_rss_mb"] < BUDGET_MB and result["exit"] == 0
            and max(result[k]["cpu_percent"] for k in ("steady", "after_return")) < BUDGET_CPU)
    print("within the budget" if good else f"MISSED the budget of {BUDGET_MB} MB and {BUDGET_CPU} % of a core")
    sys.exit(0 if good else 1)


asyncio.run(main())
