/** What the system ssh asks through askpass (OpenSSH's readpass.c, sshconnect2.c; LC_ALL=C), as a question to a person. */
import type { Question } from '../launch/contract.ts';
import { hostPrompt } from '../ssh/host-prompt.ts';

/** One run of askpass. `kind` is SSH_ASKPASS_PROMPT: empty for a secret (ssh(1), ENVIRONMENT). */
export interface AskpassPrompt {
  readonly text: string;
  readonly kind: string;
}

export type AskpassTask =
  /** Shown until ssh ends it: "Confirm user presence for key …". */
  | { readonly kind: 'notice' }
  /** Never answered with yes: an unknown host key, the use of a key. */
  | { readonly kind: 'refuse' }
  | { readonly kind: 'ask'; readonly question: Question };

/**
 * The words of ssh and of the host look alike before OpenSSH 8.5, so all are marked.
 * @param login `user@host`
 */
export function taskOf(host: string, login: string, prompt: AskpassPrompt): AskpassTask {
  if (prompt.kind === 'none') return { kind: 'notice' };
  if (prompt.kind !== '' || /\(yes\/no/.test(prompt.text)) return { kind: 'refuse' };
  const text = hostPrompt(login, prompt.text);
  return { kind: 'ask', question: { host, kind: questionKind(prompt.text), text, echo: false } };
}

/** Prompts of the server itself are those of keyboard-interactive; ssh puts `(user@host)` before them. */
function questionKind(text: string): Question['kind'] {
  if (/^Enter (passphrase|PIN) for /.test(text)) return 'passphrase';
  return /^\S+@\S+'s password: $/.test(text) ? 'password' : 'keyboard-interactive';
}
