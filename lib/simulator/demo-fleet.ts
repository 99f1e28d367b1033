import type { FileInstance, FleetFile } from './fleet.ts';

const dev = (app: string) => ({ tags: { env: 'dev', app } });
const prod = (app: string) => ({ tags: { env: 'prod', app } });
const newest = { engineMinor: 'latest', proxyMinor: 'latest' } as const;

/** A night's worth of ordinary instances, old and new. */
const NORTH: FileInstance[] = [
  { name: 'cart-cache-dev', cacheMode: 'single', capacity: 0.125, ...dev('cart') },
  { name: 'session-dev-01', cacheMode: 'ha', capacity: 1, ...dev('session') },
  { name: 'session-dev-02', cacheMode: 'ha', engineVersion: '6.0', capacity: 1, ...dev('session') },
  { name: 'search-dev', cacheMode: 'cluster', shards: 3, capacity: 12, ...dev('search') },
  { name: 'feed-dev', cacheMode: 'proxy', shards: 3, capacity: 12, ...dev('feed') },
  { name: 'catalog-dev', cacheMode: 'ha_rw_split', capacity: 4, ...dev('catalog') },
  { name: 'payments-dev', cacheMode: 'ha', engineVersion: '4.0', ...dev('payments') },
  { name: 'sandbox-dev', cacheMode: 'single', capacity: 2, ...newest, ...dev('sandbox') },
  { name: 'cart-cache-prod-01', cacheMode: 'ha', capacity: 8, ...prod('cart') },
  { name: 'cart-cache-prod-02', cacheMode: 'ha', capacity: 8, ...prod('cart') },
  { name: 'session-prod-01', cacheMode: 'ha', capacity: 16, ...prod('session') },
  { name: 'session-prod-02', cacheMode: 'ha', capacity: 16, ...prod('session') },
  { name: 'session-prod-03', cacheMode: 'ha', capacity: 16, ...newest, ...prod('session') },
  { name: 'search-prod', cacheMode: 'cluster', shards: 8, capacity: 64, ...prod('search') },
  { name: 'feed-prod-01', cacheMode: 'proxy', shards: 6, capacity: 48, ...prod('feed') },
  { name: 'feed-prod-02', cacheMode: 'proxy', shards: 6, capacity: 48, engineMinor: 'latest', ...prod('feed') },
  { name: 'catalog-prod', cacheMode: 'ha_rw_split', engineVersion: '6.0', capacity: 8, ...prod('catalog') },
  { name: 'ranking-prod', cacheMode: 'cluster', engineVersion: '7.0', shards: 5, capacity: 40, ...prod('ranking') },
  { name: 'pricing-prod', cacheMode: 'ha', engineVersion: '6.0', ...newest, ...prod('pricing') },
];

/** One of each that a night has to cope with. */
const NORTH_ODD: FileInstance[] = [
  { name: 'orders-prod-01', faults: [{ fault: 'busy_for', seconds: 1500, code: 'DCS.4096' }], ...prod('orders') },
  { name: 'orders-prod-02', status: 'EXTENDING', statusSeconds: 1200, ...prod('orders') },
  { name: 'inventory-prod', faults: [{ fault: 'fail_task', code: 'DCS.5006' }], ...prod('inventory') },
  { name: 'checkout-prod', faults: ['reset_after_accept'], ...prod('checkout') },
  { name: 'coupons-prod', status: 'FROZEN', ...prod('coupons') },
  { name: 'ledger-prod', productType: 'enterprise', capacity: 32, ...prod('ledger') },
  { name: 'pages-prod', engine: 'Memcached', engineVersion: '1.4', cacheMode: 'ha', ...prod('pages') },
  { name: 'archive-prod', engineVersion: '3.0', ...prod('archive') },
  { name: 'pinned-prod', tags: { env: 'prod', app: 'pinned', 'dcs-upgrade': 'off' } },
];

const SOUTH_EAST: FileInstance[] = [
  { name: 'cart-cache-ap-dev', cacheMode: 'single', capacity: 1, ...dev('cart') },
  { name: 'session-ap-dev', cacheMode: 'ha', engineVersion: '6.0', capacity: 2, ...dev('session') },
  { name: 'feed-ap-dev', cacheMode: 'proxy', shards: 3, capacity: 12, ...newest, ...dev('feed') },
  { name: 'search-ap-dev', cacheMode: 'cluster', engineVersion: '4.0', shards: 3, capacity: 12, ...dev('search') },
  { name: 'cart-cache-ap-prod', cacheMode: 'ha', capacity: 8, ...prod('cart') },
  { name: 'session-ap-prod-01', cacheMode: 'ha', capacity: 16, ...prod('session') },
  {
    name: 'session-ap-prod-02',
    cacheMode: 'ha',
    capacity: 16,
    faults: [{ fault: 'lag', seconds: 40 }],
    ...prod('session'),
  },
  { name: 'feed-ap-prod', cacheMode: 'proxy', engineVersion: '6.0', shards: 9, capacity: 72, ...prod('feed') },
  { name: 'search-ap-prod', cacheMode: 'cluster', shards: 12, capacity: 96, ...prod('search') },
  { name: 'catalog-ap-prod', cacheMode: 'ha_rw_split', capacity: 8, ...prod('catalog') },
  { name: 'pricing-ap-prod', cacheMode: 'ha', engineVersion: '7.0', ...newest, ...prod('pricing') },
  { name: 'ranking-ap-prod', cacheMode: 'ha', engineVersion: '7.0', ...prod('ranking') },
];

/** Two regions, some forty instances, each odd case once; upgrades take 3 to 15 minutes. */
export function demoFleet(): FleetFile {
  return {
    projects: [
      { project: '0a1f7c3be2d84f5c9d6e5b4a39281706', region: 'cn-north-4', instances: [...NORTH, ...NORTH_ODD] },
      { project: '0c5e9d7a16b3482f8e7f6c5d4b3a2918', region: 'ap-southeast-3', instances: SOUTH_EAST },
    ],
  };
}
