#!/usr/bin/env python3
"""deflate_server.py : a WebSocket server that speaks permessage-deflate, for tests; runs in the suite's environment.

Prints the port that it listens on. Sends FEED messages as soon as a client is there, all at once and compressed. A
message "bomb" is answered by 256 MiB of zeros in 256 KiB, any other by its length, whether it came compressed, and itself.
"""
import json
import zlib

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from twisted.internet import reactor

FEED = 500


class Server(WebSocketServerProtocol):
    def onOpen(self):
        for number in range(FEED):
            trade = {"type": "trade", "symbol": "ABC-%d" % (number % 7), "price": "1%d.50" % number, "side": "buy"}
            self.sendMessage(json.dumps(trade).encode(), isBinary=False)

    def onMessage(self, payload, isBinary):
        if payload == b"bomb":
            return self.bomb()
        answer = {"length": len(payload), "compressed": bool(self._isMessageCompressed), "text": payload.decode()}
        self.sendMessage(json.dumps(answer).encode(), isBinary=False)

    def bomb(self):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        payload = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(256)) + deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sendFrame(opcode=2, payload=payload[:-4], rsv=4)


def accept(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)
    return None


factory = WebSocketServerFactory("ws://127.0.0.1")
factory.protocol = Server
factory.setProtocolOptions(perMessageCompressionAccept=accept)
port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
# The Host header is compared with this.
factory.setSessionParameters("ws://127.0.0.1:%d" % port)
print(port, flush=True)
reactor.run()
