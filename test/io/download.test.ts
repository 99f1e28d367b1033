import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { download } from '../../lib/io/download.ts';

let server: Server;
let url: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    if (request.url === '/good') response.end('文本');
    else if (request.url === '/moved') response.writeHead(302, { location: '/good' }).end();
    else if (request.url === '/large') response.end('x'.repeat(70_000));
    else if (request.url === '/endless') setInterval(() => response.write('x'.repeat(10_000)), 1).unref();
    else if (request.url !== '/silent') response.writeHead(404).end('not here');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('one GET', () => {
  it('gives the text that is there', async () => expect(await download(`${url}/good`)).toBe('文本'));

  it.each<[string, string, string]>([
    ['a redirect, which is not followed', '/moved', 'it answered 302'],
    ['what is not there', '/gone', 'it answered 404'],
    ['too much', '/large', 'it answered more than 65536 bytes'],
    ['what never ends', '/endless', 'it answered more than 65536 bytes'],
    ['silence', '/silent', 'no answer within 500 ms'],
  ])('%s', async (_, path, message) => {
    asked.length = 0;
    await expect(download(`${url}${path}`, 500)).rejects.toThrow(message);
    expect(asked).toEqual([path]);
  });

  it('nobody there: the message holds no URL', async () => {
    await expect(download('http://127.0.0.1:1/token=secret')).rejects.toThrow(/^it could not be reached/);
  });
});
