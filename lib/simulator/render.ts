import { DAY, type EpochMs } from '../core/time.ts';
import type { FleetInstance } from './build.ts';
import { progressOf, type Sight, sightOf, taskChangedAt, taskWord, versionOf } from './lifecycle.ts';
import { commonId, hexId } from './random.ts';
import type { SimulatedInstance, Upgrade, World } from './world.ts';

/** An instance of `GET …/instances`: neither cache mode, nor edition, nor minor versions (DCS API, ListInstances). */
export function listItem(instance: SimulatedInstance, sight: Sight) {
  return { ...common(instance, sight), updated_at: stamp(sight.changedAt) };
}

/** An instance of `GET …/instances/{id}` (DCS API, ShowInstance). It says `update_at` where the list says `updated_at`. */
export function showItem(instance: SimulatedInstance, sight: Sight) {
  const { spec, since } = instance;
  return {
    ...common(instance, sight),
    update_at: stamp(sight.changedAt),
    launched_at: stamp(since - 200 * DAY),
    cache_mode: spec.cacheMode,
    product_type: spec.productType,
    storage_type: 'DRAM',
    enterprise_project_name: spec.enterpriseProject === '0' ? 'default' : `project-${spec.enterpriseProject}`,
    available_zones: [commonId(`${spec.region}a`)],
    subnet_name: 'subnet-cache',
    subnet_cidr: '192.168.0.0/16',
    security_group_name: 'default',
    backend_addrs: spec.cacheMode === 'cluster' ? addressOf(spec, 1) : null,
    support_slow_log_flag: 'true',
    db_number: spec.cacheMode === 'cluster' ? 1 : 256,
    replica_count: spec.cacheMode === 'single' ? 0 : 1,
    sharding_count: spec.shards,
    instance_backup_policy: null,
    cloud_service_type_code: 'hws.service.type.dcs',
    cloud_resource_type_code: 'hws.resource.type.dcs3',
  };
}

function common({ spec, since }: SimulatedInstance, { status, upgrade }: Sight) {
  const megabytes = Math.round(spec.capacity * 1024);
  return {
    instance_id: spec.id,
    name: spec.name,
    description: '',
    status,
    sub_status: 'normal',
    engine: spec.engine,
    engine_version: spec.engineVersion,
    spec_code: specCodeOf(spec),
    cpu_type: 'x86_64',
    capacity: Math.floor(spec.capacity),
    capacity_minor: spec.capacity < 1 ? String(spec.capacity).slice(1) : null,
    max_memory: megabytes,
    used_memory: Math.floor(megabytes / 4),
    service_upgrade: upgrade !== null,
    service_task_id: upgrade?.taskId ?? '',
    maintain_begin: spec.maintain.begin,
    maintain_end: spec.maintain.end,
    charging_mode: 0,
    order_id: null,
    enterprise_project_id: spec.enterpriseProject,
    tags: Object.entries(spec.tags).map(([key, value]) => ({ key, value })),
    az_codes: [`${spec.region}a`, `${spec.region}b`],
    vpc_id: commonId(`vpc/${spec.project}`),
    vpc_name: 'vpc-cache',
    subnet_id: commonId(`subnet/${spec.project}`),
    security_group_id: 'securityGroupId',
    ip: addressOf(spec, spec.cacheMode === 'cluster' ? spec.shards : 1),
    port: 6379,
    domain_name: `redis-${spec.id.slice(0, 8)}.dcs.huaweicloud.com`,
    readonly_domain_name: '',
    enable_publicip: false,
    publicip_id: null,
    publicip_address: null,
    enable_ssl: false,
    no_password_access: 'false',
    access_user: null,
    user_id: commonId('user'),
    user_name: 'operator',
    created_at: stamp(since - 200 * DAY),
    features: { support_acl: true, support_transparent_client_ip: false, support_ssl: spec.engineVersion === '6.0' },
  };
}

/** Addresses that tell instances apart, comma-separated where there are several. */
export function addressOf({ id }: FleetInstance, count: number): string {
  const net = `10.${Number.parseInt(id.slice(0, 2), 16)}.${Number.parseInt(id.slice(2, 4), 16)}`;
  if (count === 1) return `${net}.10`;
  return Array.from({ length: count }, (_, index) => `${net}.${index + 10}:6379`).join();
}

/** Read/write splitting has `ha` and `p<replicas>` where master/standby has `ha` and `r<replicas>` (instance specifications). */
function specCodeOf({ engine, cacheMode, capacity }: FleetInstance): string {
  const size = capacity < 1 ? `tiny.@.${Math.round(capacity * 1024)}` : `large.@.${capacity}`;
  const replicas: Record<string, string> = { single: '', proxy: '', ha: 'r2.', cluster: 'r2.', ha_rw_split: 'p2.' };
  const mode = cacheMode === 'ha_rw_split' ? 'ha' : cacheMode;
  return `${engine.toLowerCase()}.${mode}.xu1.${size.replace('@.', replicas[cacheMode] ?? '')}`;
}

/** `GET …/version` (DCS API, ShowInstanceVersion). */
export function versionItem(world: World, instance: SimulatedInstance, now: EpochMs) {
  const sight = sightOf(instance, now);
  const engine = versionOf(world, instance, 'engine', sight);
  const proxy = versionOf(world, instance, 'proxy', sight);
  return {
    engine_minor_version: engine.current,
    latest_engine_minor_version: engine.latest,
    engine_minor_version_upgradable: engine.upgradable,
    proxy_minor_version: proxy.current,
    latest_proxy_minor_version: proxy.latest,
    proxy_minor_version_upgradable: proxy.upgradable,
  };
}

/** A task of one instance (DCS API, ListBackgroundTask). The name that the service gives to this one is not published. */
export function taskItem(upgrade: Upgrade, now: EpochMs) {
  return {
    id: upgrade.taskId,
    name: 'UpgradeMinorVersion',
    status: taskWord(upgrade, now),
    created_at: stamp(upgrade.acceptedAt),
    updated_at: stamp(taskChangedAt(upgrade, now)),
    user_id: commonId('user'),
    user_name: 'operator',
    params: '',
    enable_show: true,
    details: {},
    ...(taskWord(upgrade, now) === 'FAILED' ? { error_code: upgrade.errorCode } : {}),
  };
}

/** A task of the whole project; it does not name its instance (DCS API, ListCenterTask). */
export function centreItem(upgrade: Upgrade, now: EpochMs) {
  return { error_code: null, ...taskItem(upgrade, now), job_id: hexId(`job/${upgrade.taskId}`) };
}

const STEPS = ['PreCheck', 'MoveNodes', 'PostCheck'];

/** `GET …/tasks/{task_id}/progress` (DCS API, ShowBackgroundTaskProgress); it has no status of its own. */
export function progressItem(upgrade: Upgrade, now: EpochMs) {
  const { percent, remainSeconds, isFailed } = progressOf(upgrade, now);
  const current = Math.min(STEPS.length - 1, Math.floor((percent * STEPS.length) / 100));
  const steps = STEPS.map((name, index) => {
    const isOver = index < current || percent === 100;
    const word = isOver ? 'FINISH' : index > current ? 'WAITING' : isFailed ? 'FAILED' : 'EXECUTING';
    return {
      step_id: hexId(`${upgrade.taskId}/${name}`),
      step_name: name,
      step_status: word,
      begin_time: word === 'WAITING' ? null : stamp(upgrade.acceptedAt + (upgrade.expected * index) / STEPS.length),
      end_time: isOver ? stamp(upgrade.acceptedAt + (upgrade.expected * (index + 1)) / STEPS.length) : null,
      error_code: word === 'FAILED' ? upgrade.errorCode : null,
      sub_step_details: [],
    };
  });
  return { progress: percent, remain_time: remainSeconds, step_details: steps };
}

/** `2026-11-24T02:00:03.503Z`. */
function stamp(at: EpochMs): string {
  return new Date(at).toISOString();
}
