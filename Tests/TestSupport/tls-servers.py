"""TLS servers that are wrong in some way: python3 tls-servers.py CERTIFICATE,KEY[,CLIENT_CA][,old] ...

Prints `listening PORT PORT ...`, and `completed INDEX` for each handshake that a client went through with.
"""
import socket
import ssl
import sys
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)


def context(certificate, key, *further):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # As weak as it gets: it's for the client to refuse.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    for word in further:
        if word == "old":
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        else:
            context.load_verify_locations(word)
            context.verify_mode = ssl.CERT_REQUIRED
    return context


def serve(index, connection, tls):
    # Blocking, so that a handshake that fails here ends with its alert.
    try:
        session = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            session.do_handshake()
            # A client that refuses us under TLS 1.3 says so after our side is done: only what it sends counts.
            if session.recv(1):
                print("completed", index, flush=True)
        finally:
            # What is unread at a close would make it a reset, which may overtake the alert.
            session.shutdown(socket.SHUT_WR)
            while session.recv(4096):
                pass
            session.close()
    except OSError:
        pass


def listen(index, tls):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(index, connection, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


ports = [listen(index, context(*argument.split(","))) for index, argument in enumerate(sys.argv[1:])]
print("listening", *ports, flush=True)
threading.Event().wait()
