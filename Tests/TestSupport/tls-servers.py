"""TLS servers that are wrong in some way: python3 tls-servers.py CERTIFICATE,KEY[,CLIENT_CA][,old] ...

Prints `listening PORT PORT ...`, and `completed INDEX` for each handshake that a client went through with.
"""
import asyncio
import ssl
import sys
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


async def main():
    ports = []
    servers = []
    for index, argument in enumerate(sys.argv[1:]):

        async def serve(reader, writer, index=index):
            try:
                # A client that refuses us under TLS 1.3 says so after our side is done: only what it sends counts.
                if await reader.read(1):
                    print("completed", index, flush=True)
            except OSError:
                pass
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context(*argument.split(",")))
        servers.append(server)
        ports.append(server.sockets[0].getsockname()[1])
    asyncio.get_running_loop().set_exception_handler(lambda loop, about: None)
    print("listening", *ports, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
