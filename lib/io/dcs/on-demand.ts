import type { Dcs } from '../../deps.ts';
import type { DcsOptions } from './client.ts';

/** The client of client.ts, which is loaded at the first call: most runs make none. */
export function dcsOnDemand(options: DcsOptions): Dcs {
  let loading: Promise<Dcs> | null = null;
  function client(): Promise<Dcs> {
    loading ??= import('./client.ts').then(({ createDcs }) => createDcs(options));
    return loading;
  }
  return {
    listInstances: async (...call) => (await client()).listInstances(...call),
    showInstance: async (...call) => (await client()).showInstance(...call),
    showVersions: async (...call) => (await client()).showVersions(...call),
    upgrade: async (...call) => (await client()).upgrade(...call),
    listTasks: async (...call) => (await client()).listTasks(...call),
    showProgress: async (...call) => (await client()).showProgress(...call),
    listNodes: async (...call) => (await client()).listNodes(...call),
    listBackups: async (...call) => (await client()).listBackups(...call),
    backUp: async (...call) => (await client()).backUp(...call),
  };
}
