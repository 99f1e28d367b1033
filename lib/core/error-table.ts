import type { ErrorRule } from './errors.ts';

// The usual rule of a class; a row of the table adds its hint, and says where it differs.
const BUSY = { class: 'busy', stops: 'instance', retry: 'tick', severity: 'info' } as const;
const UNSUPPORTED = {
  class: 'unsupported',
  stops: 'instance',
  retry: 'never',
  severity: 'warning',
} as const;
const ACCOUNT = { class: 'account', stops: 'instance', retry: 'opening', severity: 'error' } as const;
const AUTH = { class: 'auth', stops: 'scope', retry: 'never', severity: 'critical' } as const;
const DENIED = { class: 'denied', stops: 'scope', retry: 'never', severity: 'critical' } as const;
// DCS itself checks permissions by instance, because enterprise projects and tags differ: one refusal says nothing of the others.
const DENIED_HERE = { class: 'denied', stops: 'instance', retry: 'never', severity: 'error' } as const;
const CONFIG = { class: 'config', stops: 'scope', retry: 'never', severity: 'critical' } as const;
const THROTTLED = { class: 'throttled', stops: 'scope', retry: 'soon', severity: 'warning' } as const;
const SERVER = { class: 'server', stops: 'instance', retry: 'soon', severity: 'warning' } as const;
const TRANSPORT = { class: 'transport', stops: 'instance', retry: 'soon', severity: 'warning' } as const;
const NO_WAY_THERE = { class: 'transport', stops: 'scope', retry: 'soon', severity: 'error' } as const;
const BUG = { class: 'bug', stops: 'instance', retry: 'never', severity: 'error' } as const;
const TASK = { class: 'server', stops: 'instance', retry: 'opening', severity: 'error' } as const;

// Hints that several codes share.
const WAIT = 'Wait: it is tried again at a later tick of the same window.';
const GRANT =
  'Grant dcs:instance:list, :get, :upgrade and :getBackgroundTask to this user, also in the enterprise project of the instance.';
const GRANT_CES = 'Grant ces:metricData:list to this user, or leave gates out of the policy.';
const KEYS = 'Check the access key, the secret key, and that temporary credentials have not expired.';
const NOT_DCS = 'Check the endpoint: it asks for another kind of login than the signature that DCS takes.';
const REPORT = 'Report it as a bug of this program, with the request id: it sent what DCS does not take.';
const TICKET = 'Nothing, if it passes; if it lasts, open a ticket at Huawei Cloud with the request id.';
const EXCLUDE = 'Exclude this instance in the policy; the minor-version upgrade does not exist for its kind.';
const TASK_LOG =
  'Look at the task in the console; more than 90 % memory or CPU, or writes near the bandwidth limit, make it fail: choose a quieter window.';
const REACH = 'Check the way to the endpoint: name server, proxy, firewall, and the region in the policy.';

/**
 * Every code that a call of this program can meet, by what it means; looked up with `ruleFor`.
 * Meanings are those of the DCS API's, the gateway's and IAM's error tables; codes without a published text are known
 * from other clients of the API. A code can be found here by searching for it.
 */
// biome-ignore format: one line a code
export const ERROR_RULES = {
  // The instance is at work on something else (DCS API, error codes; answered with 400, some also with 409)
  'DCS.4017': { ...BUSY, hint: `Another job of the instance is running. ${WAIT}` },
  'DCS.4026': { ...BUSY, hint: `The state of the instance does not allow it. ${WAIT}` },
  'DCS.4049': { ...BUSY, hint: `The instance is not RUNNING. ${WAIT}` },
  'DCS.4069': { ...BUSY, hint: `Somebody is changing the parameters of the instance. ${WAIT}` },
  'BACKUP.FAILED': { ...TASK, hint: 'Look at the backups of the instance in the console, and make one by hand; until there is one, hold the instance or leave gates.backup out of the policy.' },
  'DCS.4095': { ...UNSUPPORTED, hint: 'Single-node instances have no backups: leave gates.backup out for them, or exclude them in the policy.' },
  'DCS.4096': { ...BUSY, hint: `A backup is running. ${WAIT} Move the backup or the window if this recurs.` },
  'DCS.4097': { ...BUSY, hint: `A restore is running. ${WAIT}` },
  'DCS.4099': { ...BUSY, hint: `The instance is starting, stopping or restarting. ${WAIT}` },
  'DCS.4104': { ...BUSY, severity: 'warning', hint: `The instance recovers from an internal fault. ${WAIT} If it lasts, open a ticket.` },
  'DCS.4108': { ...BUSY, hint: `A scaling order is being processed. ${WAIT}` },
  'DCS.4111': { ...BUSY, hint: `The instance is restarting. ${WAIT}` },
  'DCS.4113': { ...BUSY, hint: `The specification is being changed. ${WAIT}` },
  'DCS.4114': { ...BUSY, hint: `Parameters are being changed. ${WAIT}` },
  'DCS.4115': { ...BUSY, hint: `The password is being changed. ${WAIT}` },
  'DCS.4117': { ...BUSY, severity: 'warning', hint: `A version is being rolled back. ${WAIT} Find out why in the task list of the instance.` },
  'DCS.4118': { ...BUSY, hint: `The instance is still being created. ${WAIT}` },
  'DCS.4121': { ...BUSY, hint: `The password is being reset. ${WAIT}` },
  'DCS.4231': { ...BUSY, hint: `An offline key analysis is running. ${WAIT}` },
  'DCS.4300': { ...BUSY, hint: `Client IP pass-through is being changed. ${WAIT}` },
  'DCS.4918': { ...BUSY, hint: `A big-key analysis is running. ${WAIT}` },
  'DCS.4957': { ...BUSY, hint: `A task of the instance is in a state that does not allow it. ${WAIT}` },
  'DCS.4975': { ...BUSY, hint: `The instance is being created or restarted. ${WAIT}` },
  'CBC.99003651': { ...BUSY, hint: `A billing operation on the instance is running. ${WAIT}` },

  // Good news
  'DCS.4116': { class: 'adopt', stops: 'instance', retry: 'never', severity: 'info', hint: 'Nothing: an upgrade is already running, and it is followed to its end.' },
  'DCS.4053': { class: 'done', stops: 'nothing', retry: 'never', severity: 'info', hint: 'Nothing: the instance has that version; it is verified.' },

  // The instance is not there, or is not of the right kind
  'DCS.3022': { class: 'gone', stops: 'instance', retry: 'never', severity: 'info', hint: 'Nothing, if it was deleted; else check the project and the region in the policy.' },
  'DCS.4006': { ...UNSUPPORTED, hint: `Its cache engine is not supported. ${EXCLUDE}` },
  'DCS.4007': { ...UNSUPPORTED, hint: `Its instance type is not supported. ${EXCLUDE}` },
  'DCS.4008': { ...UNSUPPORTED, hint: `Its engine version is not supported (Redis 4.0 or later is). ${EXCLUDE}` },
  'DCS.4027': { ...UNSUPPORTED, hint: `One of its nodes does not support it. ${EXCLUDE}` },
  'DCS.4086': { ...UNSUPPORTED, hint: `Only master/standby instances support it. ${EXCLUDE}` },
  'DCS.4094': { ...UNSUPPORTED, hint: `Background tasks are not supported where it runs. ${EXCLUDE}` },
  'DCS.4855': { ...UNSUPPORTED, hint: `It cannot switch from master to standby. ${EXCLUDE}` },
  'DCS.4875': { ...UNSUPPORTED, hint: 'Remove a replica: the instance has as many as it may have.' },
  'DCS.5050': { ...UNSUPPORTED, hint: `It stands in a shared VPC, which is not supported. ${EXCLUDE}` },

  // Money, quota, and what the instance stands on
  // Published as "already unfrozen" with 400; seen with 404 for an instance that does not exist, see BY_STATUS.
  'DCS.4045': { ...ACCOUNT, hint: 'Look at the instance in the console: it was frozen or unfrozen just now.' },
  'DCS.4107': { ...ACCOUNT, hint: 'Pay or cancel the open scaling order of the instance.' },
  'DCS.4120': { ...ACCOUNT, hint: 'See in the console why the instance is being frozen; mostly an unpaid bill.' },
  'DCS.4035': { ...ACCOUNT, hint: 'Ask for a larger instance quota of the project.' },
  'DCS.4036': { ...ACCOUNT, hint: 'Ask for a larger memory quota of the project.' },
  'DCS.4039': { ...ACCOUNT, hint: 'Ask for a larger quota of the project.' },
  'DCS.4054': { ...ACCOUNT, hint: 'The availability zone has no room left: wait, or open a ticket.' },
  'DCS.4911': { ...ACCOUNT, hint: 'Free some addresses in the subnet of the instance: the upgrade moves nodes.' },
  'DCS.4042': { ...ACCOUNT, hint: 'Look at the instance in the console: its availability zone is not there any more.' },
  'DCS.4046': { ...ACCOUNT, hint: 'Give the instance a security group that exists.' },
  'DCS.4068': { ...ACCOUNT, hint: 'Look at the instance in the console: its VPC is not there any more.' },
  'DCS.4253': { ...ACCOUNT, hint: 'Give one replica of the instance a priority above 0: none may become master.' },
  'DCS.3002': { ...ACCOUNT, stops: 'scope', retry: 'never', severity: 'critical', hint: 'Settle what the account owes: it may only read.' },
  'APIGW.0501': { ...ACCOUNT, stops: 'scope', retry: 'never', severity: 'critical', hint: 'Raise the quota of the app at the gateway: it is used up.' },
  'APIGW.0502': { ...ACCOUNT, stops: 'scope', retry: 'never', severity: 'critical', hint: 'See why the app is frozen, mostly an unpaid bill.' },

  // Credentials, answered with 401: the same request would be refused again
  'DCS.1001': { ...AUTH, hint: `The token is not valid. ${KEYS}` },
  'DCS.1002': { ...AUTH, hint: `The token has expired. ${KEYS}` },
  'DCS.1003': { ...AUTH, hint: `No credentials reached DCS: check that no proxy removes the Authorization header.` },
  'DCS.1004': { ...AUTH, hint: `The project is not that of the credentials: check project and credentials of the scope.` },
  'APIGW.0301': { ...AUTH, hint: `Check the clock of this machine first (more than 15 minutes off is refused). ${KEYS}` },
  'APIGW.0303': { ...AUTH, hint: NOT_DCS },
  'APIGW.0305': { ...AUTH, hint: KEYS },
  'APIGW.0307': { ...AUTH, hint: `Check that the endpoint belongs to the region of the project. ${KEYS}` },
  'APIGW.0311': { ...AUTH, hint: NOT_DCS },
  'APIGW.0312': { ...AUTH, hint: NOT_DCS },
  'APIGW.0313': { ...AUTH, hint: NOT_DCS },
  'APIGW.1001': { ...AUTH, hint: NOT_DCS },
  'APIGW.1002': { ...AUTH, hint: NOT_DCS },
  'APIGW.1003': { ...AUTH, hint: NOT_DCS },
  'APIGW.1004': { ...AUTH, hint: NOT_DCS },
  'APIGW.1009': { ...AUTH, hint: NOT_DCS },
  'IAM.0001': { ...AUTH, hint: KEYS },
  'IAM.0009': { ...AUTH, hint: KEYS },
  'IAM.0061': { ...AUTH, hint: 'Unlock the account in IAM.' },
  'IAM.0062': { ...AUTH, hint: KEYS },
  'IAM.0063': { ...AUTH, hint: KEYS },
  'IAM.0064': { ...AUTH, hint: GRANT },
  'IAM.0066': { ...AUTH, hint: KEYS },
  'IAM.0067': { ...AUTH, hint: KEYS },
  'CREDENTIALS.MISSING': { ...AUTH, hint: 'Set CLOUD_SDK_AK and CLOUD_SDK_SK, or the credential set that the scope names.' },

  // Permission, answered with 403
  'DCS.2003': { ...DENIED_HERE, hint: GRANT },
  'DCS.2007': { ...DENIED_HERE, hint: GRANT },
  'DCS.3003': { ...DENIED_HERE, hint: GRANT },
  'DCS.4003': { ...DENIED_HERE, hint: GRANT },
  'APIGW.0302': { ...DENIED, hint: GRANT },
  'APIGW.0304': { ...DENIED, hint: NOT_DCS },
  'APIGW.0306': { ...DENIED, hint: `${GRANT} A frozen account is refused with this code too.` },
  'APIGW.0310': { ...DENIED, hint: 'See in IAM whether the project exists and is enabled.' },
  'APIGW.0314': { ...DENIED, hint: NOT_DCS },
  'APIGW.0401': { ...DENIED, hint: 'Allow the address of this machine in the access rules of the account.' },
  'APIGW.0402': { ...DENIED, hint: 'Allow the address of this machine in the access rules of the account.' },
  'APIGW.0404': { ...DENIED, hint: 'Check the endpoint: it may not be reached through this gateway.' },
  'APIGW.0405': { ...DENIED, hint: 'Allow the address of this machine in the access rules of the account.' },
  'APIGW.0801': { ...DENIED, hint: 'Remove the scope from the policy: DCS is not offered in its region.' },
  'APIGW.0802': { ...DENIED, hint: 'Allow the IAM user in that region, or remove the scope from the policy.' },
  'IAM.0002': { ...DENIED, hint: GRANT },
  'IAM.0003': { ...DENIED, hint: GRANT },
  'IAM.0080': { ...DENIED, hint: 'Enable the owner of the access key in IAM.' },
  'IAM.0081': { ...DENIED, hint: 'Allow programmatic access to the IAM user.' },
  'IAM.0082': { ...DENIED, hint: 'Enable the IAM user.' },
  'IAM.0083': { ...DENIED, hint: 'Allow the IAM user in that private region, or remove the scope from the policy.' },

  // Project, region, endpoint
  'DCS.4001': { ...CONFIG, hint: 'Check endpoint and region: this DCS does not have the minor-version API; a ticket may open it for the account.' },
  'DCS.4002': { ...CONFIG, hint: 'Check the project id in the policy.' },
  'DCS.5001': { ...CONFIG, hint: 'Check the endpoint: it does not take this method.' },
  'APIGW.0101': { ...CONFIG, hint: 'Check endpoint and region: the gateway does not know this API there; a ticket may open it for the account.' },
  'APIGW.0103': { ...CONFIG, hint: 'Check the endpoint and the region in the policy: nothing stands behind the gateway there.' },
  'APIGW.0104': { ...CONFIG, hint: TICKET },
  'APIGW.0105': { ...CONFIG, hint: TICKET },
  'APIGW.0106': { ...CONFIG, hint: TICKET },
  'APIGW.0204': { ...CONFIG, hint: 'Check what stands between here and the endpoint: it speaks an old TLS.' },
  'APIGW.0205': { ...CONFIG, hint: 'Check the endpoint: it wants a client certificate, which DCS does not.' },
  'APIGW.0607': { ...CONFIG, hint: 'Write the endpoint with https.' },
  'APIGW.0611': { ...CONFIG, hint: TICKET },
  'APIGW.0612': { ...CONFIG, hint: TICKET },
  'APIGW.2102': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2201': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2202': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2203': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2204': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2205': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2206': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2208': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2209': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2210': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2211': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2212': { ...CONFIG, hint: NOT_DCS },
  'APIGW.2213': { ...CONFIG, hint: NOT_DCS },
  'IAM.0004': { ...CONFIG, hint: 'Check the project id and the credentials of the scope: IAM does not find one of them.' },

  // Throttled: the limiter slows all calls of the scope
  'APIGW.0308': { ...THROTTLED, hint: 'Nothing, if it passes; if it lasts, see who else calls the API in this project.' },
  'IAM.0012': { ...THROTTLED, hint: 'Nothing, if it passes; if it lasts, see who else calls IAM in this account.' },

  // DCS or the gateway failed
  'DCS.4101': { ...SERVER, hint: TICKET },
  'DCS.4842': { ...SERVER, hint: TASK_LOG },
  'DCS.5000': { ...SERVER, hint: TICKET },
  'DCS.5006': { ...SERVER, hint: TICKET },
  'DCS.5017': { ...SERVER, hint: TICKET },
  'DCS.5020': { ...SERVER, hint: TICKET },
  'DCS.5024': { ...SERVER, hint: TICKET },
  'DCS.5031': { ...SERVER, hint: TICKET },
  'DCS.5032': { ...SERVER, hint: TICKET },
  'DCS.5037': { ...SERVER, hint: TICKET },
  'DCS.5039': { ...SERVER, hint: TICKET },
  'DCS.5040': { ...SERVER, hint: TICKET },
  'DCS.5041': { ...SERVER, hint: TICKET },
  'DCS.5042': { ...SERVER, hint: TICKET },
  'DCS.5043': { ...SERVER, hint: TICKET },
  'DCS.5044': { ...SERVER, hint: TICKET },
  'DCS.5045': { ...SERVER, hint: TICKET },
  'DCS.5053': { ...SERVER, hint: TICKET },
  'DCS.5054': { ...SERVER, hint: TICKET },
  'DCS.5070': { ...SERVER, hint: TICKET },
  'DCS.5071': { ...SERVER, hint: TICKET },
  'DCS.5077': { ...SERVER, hint: TICKET },
  'DCS.5078': { ...SERVER, hint: TICKET },
  'DCS.5079': { ...SERVER, hint: TICKET },
  'DCS.5081': { ...SERVER, hint: TICKET },
  'DCS.5082': { ...SERVER, hint: TICKET },
  'DCS.5083': { ...SERVER, hint: TICKET },
  'DCS.5085': { ...SERVER, hint: TICKET },
  'DCS.5090': { ...SERVER, hint: TICKET },
  'DCS.5091': { ...SERVER, hint: TICKET },
  'DCS.5092': { ...SERVER, hint: TICKET },
  'DCS.5094': { ...SERVER, hint: TICKET },
  'DCS.5095': { ...SERVER, hint: TICKET },
  'DCS.5101': { ...SERVER, hint: 'Let DCS create its agency in IAM, or open a ticket.' },
  'DCS.5104': { ...SERVER, hint: TICKET },
  'APIGW.0107': { ...SERVER, hint: TICKET },
  'APIGW.0202': { ...SERVER, hint: TICKET },
  'APIGW.0203': { ...SERVER, hint: TICKET },
  'APIGW.0601': { ...SERVER, hint: TICKET },
  'APIGW.0605': { ...SERVER, hint: TICKET },
  'APIGW.0606': { ...SERVER, hint: TICKET },
  'APIGW.0608': { ...SERVER, hint: TICKET },
  'APIGW.0609': { ...SERVER, hint: TICKET },
  'APIGW.0610': { ...SERVER, hint: TICKET },
  'APIGW.0613': { ...SERVER, hint: TICKET },
  'APIGW.0615': { ...SERVER, hint: TICKET },
  'APIGW.0616': { ...SERVER, hint: TICKET },
  'APIGW.0617': { ...SERVER, hint: TICKET },
  'APIGW.0705': { ...SERVER, hint: TICKET },
  'IAM.0005': { ...SERVER, hint: TICKET },
  'IAM.0006': { ...SERVER, hint: TICKET },
  'IAM.0020': { ...SERVER, hint: TICKET },

  // What this program should not have sent
  'DCS.4004': { ...BUG, hint: REPORT },
  'DCS.4005': { ...BUG, hint: REPORT },
  'DCS.4025': { ...BUG, hint: REPORT },
  'DCS.4030': { ...BUG, hint: REPORT },
  'DCS.4031': { ...BUG, hint: 'Check the clock of this machine: it asked for tasks from a time that is yet to come.' },
  'DCS.4033': { ...BUG, hint: REPORT },
  'DCS.4061': { ...BUG, hint: REPORT },
  'DCS.4062': { ...BUG, hint: REPORT },
  'DCS.4063': { ...BUG, hint: REPORT },
  'DCS.4066': { ...BUG, hint: REPORT },
  'DCS.4070': { ...BUG, hint: REPORT },
  'DCS.4200': { ...BUG, hint: REPORT },
  'DCS.4800': { ...BUG, hint: REPORT },
  'APIGW.0201': { ...BUG, hint: REPORT },
  'APIGW.0602': { ...BUG, hint: REPORT },
  'IAM.0007': { ...BUG, hint: REPORT },
  'IAM.0011': { ...BUG, hint: REPORT },
  'IAM.0072': { ...BUG, hint: REPORT },
  'IAM.0073': { ...BUG, hint: REPORT },
  'IAM.0077': { ...BUG, hint: REPORT },

  // Cloud Eye, asked for the gates of a policy (Cloud Eye API, error codes)
  'CES.0003': { ...CONFIG, hint: 'Check the project id in the policy.' },
  'CES.0007': { ...SERVER, hint: TICKET },
  'CES.0008': { ...SERVER, hint: TICKET },
  'CES.0011': { ...BUG, hint: REPORT },
  'CES.0013': { ...BUG, hint: REPORT },
  'CES.0014': { ...BUG, hint: REPORT },
  'CES.0015': { ...AUTH, hint: KEYS },
  'CES.0016': { ...CONFIG, hint: 'Check CES_ENDPOINT, the region and the project in the policy: Cloud Eye does not find what was asked.' },
  'CES.0017': { ...DENIED, hint: GRANT_CES },

  // Our own: no usable answer
  'TRANSPORT.TIMEOUT': { ...TRANSPORT, hint: 'Nothing, if it passes; if it lasts, check the way to the endpoint.' },
  'TRANSPORT.RESET': { ...TRANSPORT, hint: 'Nothing, if it passes; if it lasts, check proxies and firewalls on the way to the endpoint.' },
  'TRANSPORT.EMPTY': { ...TRANSPORT, hint: 'Nothing, if it passes; if it lasts, open a ticket with the request id.' },
  'TRANSPORT.GARBLED': { ...TRANSPORT, hint: 'Check that the endpoint is that of DCS, and that no proxy or login page answers in its place.' },
  'TRANSPORT.TOO_LARGE': { ...TRANSPORT, retry: 'tick', severity: 'error', hint: 'Check that the endpoint is that of DCS: its answer is larger than any that DCS gives.' },
  'TRANSPORT.DNS': { ...NO_WAY_THERE, hint: REACH },
  'TRANSPORT.REFUSED': { ...NO_WAY_THERE, hint: REACH },
  'TRANSPORT.TLS': { ...NO_WAY_THERE, retry: 'never', severity: 'critical', hint: 'Check the certificate of the endpoint, the proxy in between, and the clock of this machine.' },
  'TRANSPORT.REDIRECT': { ...CONFIG, hint: 'Write the address that it redirects to as the endpoint, if it is trusted; redirects are not followed with credentials.' },
  'PROJECT.UNKNOWN': { ...CONFIG, hint: 'Write the project id into the policy in place of auto, or see whether the credentials belong to the right account.' },
  'TRANSPORT.ENDPOINT': { ...CONFIG, hint: 'Write the endpoint as https://host, and the region as Huawei Cloud spells it; plain http is for this machine alone.' },

  // Our own: how a task ended, for which DCS gave no code
  'TASK.FAILED': { ...TASK, hint: TASK_LOG },
  'TASK.FAIL': { ...TASK, hint: TASK_LOG },
  'TASK.CANCELLED': { ...TASK, hint: 'Find out who cancelled the task, and hold the instance if that was meant.' },
  'TASK.CANCELED': { ...TASK, hint: 'Find out who cancelled the task, and hold the instance if that was meant.' },
  'TASK.DELETED': { ...TASK, hint: 'Find out who deleted the task, and look at the version of the instance in the console.' },
  'UNVERIFIED': { ...TASK, severity: 'critical', hint: 'Look at the instance in the console: its status, its version and its task list.' },

  // An answer without a code
  'HTTP.400': { ...BUG, hint: REPORT },
  'HTTP.401': { ...AUTH, hint: `Check the clock of this machine first (more than 15 minutes off is refused). ${KEYS}` },
  'HTTP.403': { ...DENIED, hint: GRANT },
  'HTTP.404': { ...CONFIG, stops: 'instance', severity: 'error', hint: 'Check the endpoint, the region and the project in the policy.' },
  'HTTP.405': { ...CONFIG, hint: 'Check the endpoint: it does not take this method.' },
  'HTTP.408': { ...TRANSPORT, hint: 'Nothing, if it passes; if it lasts, check the way to the endpoint.' },
  'HTTP.409': { ...BUSY, hint: `The state of the instance does not allow it. ${WAIT}` },
  'HTTP.413': { ...BUG, hint: REPORT },
  'HTTP.429': { ...THROTTLED, hint: 'Nothing, if it passes; if it lasts, see who else calls the API in this project.' },
  'HTTP.500': { ...SERVER, hint: TICKET },
  'HTTP.502': { ...SERVER, hint: TICKET },
  'HTTP.503': { ...SERVER, hint: TICKET },
  'HTTP.504': { ...SERVER, hint: TICKET },
} as const satisfies Record<string, ErrorRule>;
