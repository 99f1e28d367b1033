/** A holder `host:pid:nonce` of this machine whose process is no more: a run that was killed need not be waited for. */
export function isGone(holder: string, host: string, isAlive: (pid: number) => boolean): boolean {
  const [, itsHost, pid] = /^(.+):(\d+):[^:]*$/.exec(holder) ?? [];
  return itsHost === host && !isAlive(Number(pid));
}

/** Whether a process of this machine has this id. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it means that it exists.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
