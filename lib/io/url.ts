/** What is wrong with a URL that this program is to send something secret to, or null. The URL itself is never repeated. */
export function urlProblem(text: string, { query = false }: { query?: boolean } = {}): string | null {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return 'must be https; plain http is for loopback only';
  if (url.username || url.password) return 'must hold no user name and no password';
  if (url.search && !query) return 'must hold no query';
  if (url.hash) return 'must hold no fragment';
  return null;
}

/** Names and addresses that never leave this machine; `hostname` as {@link URL} spells it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
