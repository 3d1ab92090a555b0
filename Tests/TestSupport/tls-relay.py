"""Ends TLS and passes the bytes on to a plain TCP port: python3 tls-relay.py TO_PORT CERTIFICATE KEY [CLIENT_CA]

Prints `listening PORT`, then `error TEXT` for each handshake that fails.
"""
import asyncio
import ssl
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        try:
            writer.close()
        except OSError:
            pass


async def main():
    target = int(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    if len(sys.argv) > 4:
        context.load_verify_locations(sys.argv[4])
        context.verify_mode = ssl.CERT_REQUIRED

    async def relay(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))

    def failed(loop, about):
        print("error", about.get("exception") or about["message"], flush=True)

    asyncio.get_running_loop().set_exception_handler(failed)
    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
