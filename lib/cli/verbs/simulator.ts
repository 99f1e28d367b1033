import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../io/clock.ts';
import { DEMO_KEY } from '../../simulator/build.ts';
import { demoFleet } from '../../simulator/demo-fleet.ts';
import { parseFleet } from '../../simulator/fleet.ts';
import { startSimulator } from '../../simulator/server.ts';
import { type Call, type ExitCode, printJson, text, UsageError, type Verb } from '../verb.ts';

export const simulator: Verb = {
  summary: 'A DCS control plane on this machine, until interrupted. Prints its URL when it is ready.',
  usage: '[--port N] [--fleet FILE]',
  options: { port: { type: 'string' }, fleet: { type: 'string' } },
  help: ['--port N       default: a free one', '--fleet FILE   YAML or JSON; default: the fleet of the demo'],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const file = text(call, 'fleet');
    const fleet = file === undefined ? demoFleet() : parseFleet(await readFile(file, 'utf8'), file);
    const server = await startSimulator({ clock: systemClock, fleet, port: portOf(call) });
    const keys = Object.entries(fleet.keys ?? { [DEMO_KEY.ak]: DEMO_KEY.sk });
    const [ak = '', sk = ''] = keys[0] ?? [];
    if (call.json)
      printJson(call, {
        url: server.url,
        projects: fleet.projects.map(({ project, region }) => ({ project, region })),
      });
    else
      call.terminal.out(
        `DCS simulator ready: ${server.url}\n\n  export DCS_ENDPOINT=${server.url} CES_ENDPOINT=${server.url} IAM_ENDPOINT=${server.url} CLOUD_SDK_AK=${ak} CLOUD_SDK_SK=${sk}\n\n${fleet.projects.map(({ region, project }) => `  scope: { project: ${project}, region: ${region} }`).join('\n')}\n`,
      );
    if (!call.signal.aborted) await once(call.signal, 'abort');
    await server.close();
    return 0;
  },
};

/** @throws UsageError */
function portOf(call: Call): number {
  const given = text(call, 'port');
  if (given === undefined) return 0;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port: "${given}" is no port number`);
  return port;
}
