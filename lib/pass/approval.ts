import type { Approval } from '../core/approval.ts';
import { type Policy, wantsApproval } from '../core/policy.ts';
import type { Ledger } from '../deps.ts';

/** One at a time: whoever approves a later plan says that the earlier one is no more. */
const NOTE = 'approval';

/** The approval as it is stored, where a wave asks for one. What cannot be read is none: nothing starts. */
export async function approvalFor(ledger: Ledger, policy: Policy): Promise<Approval | null> {
  if (!wantsApproval(policy)) return null;
  const text = await ledger.note(NOTE);
  try {
    const found: Approval | null = text === null ? null : JSON.parse(text);
    return Array.isArray(found?.items) && typeof found.opening?.closes === 'number' ? found : null;
  } catch {
    return null;
  }
}

export async function putApproval(ledger: Ledger, approval: Approval): Promise<void> {
  await ledger.putNote(NOTE, JSON.stringify(approval));
}
