import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';

/** The window of the demo opens a moment before this instant. */
export const DEMO_START = Date.parse('2026-11-23T17:00:10Z');

/** Seconds of the simulated night in each real one. */
export const DEMO_SPEED = 90;

/** The policy that the demo writes to its folder, and runs by. */
export function demoPolicy(webhookUrl: string): string {
  return `version: 1
timezone: Asia/Shanghai
scopes:
  - { project: 0a1f7c3be2d84f5c9d6e5b4a39281706, region: cn-north-4 }
  - { project: 0c5e9d7a16b3482f8e7f6c5d4b3a2918, region: ap-southeast-3 }
windows:
  night: { days: [tue, wed, thu], from: "01:00", to: "05:00" }
freezes:
  - { name: ranking-launch, from: 2026-11-20, to: 2026-11-30, match: { tags: { app: ranking } }, reason: its new model goes live }
rollout:
  - { wave: dev,  match: { tags: { env: dev } },  window: night }
  - { wave: prod, match: { tags: { env: prod } }, window: night, soak: 5m }
limits: { parallel: 10, perScope: 6, oneAtATimeBy: ["tag:app"], maxErrors: 2 }
verify: { settle: 2m }
notify:
  - { to: webhook, url: "${webhookUrl}", secret: env:DEMO_WEBHOOK_SECRET, events: [failed, unverified, expired, held, overrun, stuck, scope] }
`;
}

const Delivery = z.looseObject({
  data: z.looseObject({ severity: z.string(), summary: z.string(), action: z.string() }),
});
export type Delivered = z.output<typeof Delivery>['data'];

/** A receiver of alerts on this machine: it checks each signature, as a real one would, and keeps what it took. */
export async function startReceiver(secret: string): Promise<{ url: string; delivered: Delivered[]; server: Server }> {
  const delivered: Delivered[] = [];
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers;
    const expected = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
    const isGenuine = signature === `v1,${expected}`;
    if (isGenuine) delivered.push(Delivery.parse(JSON.parse(body)).data);
    response.writeHead(isGenuine ? 204 : 401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, delivered, server };
}
