extension FaultProxy {
    /// The proxy: `SERVER PORT FILE SEED`. The file says how many of a hundred requests go wrong, and in which ways.
    static let script = """
        import asyncio, random, socket, struct, sys
        host, _, target = sys.argv[1].partition(':')
        port, control = int(sys.argv[2]), sys.argv[3]
        numbers = random.Random(int(sys.argv[4]))
        OF_OBJECTS = ('wrong', 'missing', 'spot')
        # What the file said last, and how many more requests it wants to go wrong.
        order = {'text': None, 'left': None}

        def pick(method, path):
            try:
                text = open(control).read()
            except FileNotFoundError:
                return None
            limits = [int(word[6:].split(':')[0]) for word in text.split() if word.startswith('limit=')]
            words = [word for word in text.split() if not word.startswith('limit=')]
            if text != order['text']:
                order.update(text=text, left=limits[0] if limits else None)
            if not words or order['left'] == 0 or numbers.random() * 100 >= int(words[0]):
                return None
            # An object has a part of the path more than its bucket.
            is_object = method == b'GET' and len(path.split(b'?')[0].strip(b'/').split(b'/')) > 1
            kinds = [kind for kind in words[1:] if is_object or kind not in OF_OBJECTS]
            if kinds and order['left'] is not None:
                order['left'] -= 1
            return numbers.choice(kinds) if kinds else None

        def tell(kind):
            print('fault', kind, flush=True)

        def field(head, name):
            for line in head.split(b'\\r\\n')[1:]:
                key, _, value = line.partition(b':')
                if key.strip().lower() == name:
                    return value.strip()
            return None

        async def read_body(reader, head):
            if (field(head, b'transfer-encoding') or b'').lower() == b'chunked':
                body = b''
                while True:
                    line = await reader.readuntil(b'\\r\\n')
                    size = int(line.split(b';')[0], 16)
                    body += line + await reader.readexactly(size + 2)
                    if size == 0:
                        return body
            return await reader.readexactly(int(field(head, b'content-length') or 0))

        async def ask(head, body, method):
            reader, writer = await asyncio.open_connection(host, int(target), limit=1 << 20)
            try:
                writer.write(head + body)
                await writer.drain()
                while True:
                    answer = await reader.readuntil(b'\\r\\n\\r\\n')
                    status = answer.split(b' ')[1]
                    if status != b'100':
                        break
                has_body = method != b'HEAD' and status not in (b'204', b'304')
                return answer, await read_body(reader, answer) if has_body else b''
            finally:
                writer.close()

        def refusal(status, code):
            body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>made up</Message></Error>'
            return f'HTTP/1.1 {status} X\\r\\nContent-Type: application/xml\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n', body

        REFUSALS = {'500': (500, 'InternalError'), '503': (503, 'SlowDown'), 'missing': (404, 'NoSuchKey')}

        def reset(writer):
            writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            writer.transport.abort()

        async def serve_one(reader, writer):
            head = await reader.readuntil(b'\\r\\n\\r\\n')
            method, path = head.split(b' ')[:2]
            body = await read_body(reader, head)
            fault = pick(method, path)
            if fault in REFUSALS:
                tell(fault)
                answer, text = refusal(*REFUSALS[fault])
                writer.write(answer.encode() + (b'' if method == b'HEAD' else text.encode()))
                return await writer.drain()
            if fault == 'silent':
                tell(fault)
                return await asyncio.sleep(3600)
            if fault == 'reset' and numbers.random() < 0.5:
                tell(fault)
                return reset(writer)
            if fault == 'slow':
                tell(fault)
                await asyncio.sleep(0.5)
            answer, text = await ask(head, body, method)
            if fault == 'reset':
                tell(fault)
                return reset(writer)
            # A body in chunks has lengths between its bytes.
            is_plain = text and field(answer, b'transfer-encoding') is None
            if fault == 'wrong' and is_plain and answer.split(b' ')[1] in (b'200', b'206'):
                tell(fault)
                at = numbers.randrange(len(text))
                text = text[:at] + bytes([text[at] ^ 0x10]) + text[at + 1:]
            if fault == 'spot' and is_plain and answer.split(b' ')[1] in (b'200', b'206'):
                at = \(spot) - int((field(head, b'range') or b'bytes=0-')[6:].split(b'-')[0])
                if 0 <= at < len(text):
                    tell(fault)
                    text = text[:at] + bytes([text[at] ^ 0x10]) + text[at + 1:]
            if fault == 'short' and text:
                tell(fault)
                writer.write(answer + text[:numbers.randrange(len(text))])
                await writer.drain()
                return writer.close()
            writer.write(answer + text)
            await writer.drain()

        async def serve(reader, writer):
            try:
                while not writer.is_closing():
                    await serve_one(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            writer.close()

        async def main():
            server = await asyncio.start_server(serve, '127.0.0.1', port, limit=1 << 20)
            await server.serve_forever()

        asyncio.run(main())
        """
}
