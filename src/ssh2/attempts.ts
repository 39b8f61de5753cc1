/** The next attempt of a login: a pure reducer over the machine's answers (RFC 4252, sections 5 to 8; RFC 4256). */
import type { SshSettings } from '../ssh/config.ts';
import type { Identity } from './identities.ts';

export type Method = 'publickey' | 'keyboard-interactive' | 'password';

export type Attempt =
  | { readonly kind: 'publickey'; readonly identity: Identity }
  | { readonly kind: 'keyboard-interactive' }
  | { readonly kind: 'password' }
  /** Logs in where nothing is asked, and lists the methods elsewhere. */
  | { readonly kind: 'none' }
  | { readonly kind: 'give-up' };

export interface LoginState {
  readonly identities: readonly Identity[];
  /** In the order of PreferredAuthentications. */
  readonly methods: readonly Method[];
  readonly questionsLeft: Readonly<Record<'keyboard-interactive' | 'password', number>>;
  readonly askedForMethods: boolean;
}

/** The machine's answer to the last attempt; `methods` is undefined before the first. */
export interface LoginAnswer {
  readonly methods: readonly string[] | undefined;
}

/** The login methods that the user's ssh allows for this host. */
export function loginMethods(settings: Pick<SshSettings, 'raw'>): Method[] {
  const off = (name: string): boolean => ['no', 'false'].includes(settings.raw.get(name)?.[0] ?? 'yes');
  const person = settings.raw.get('batchmode')?.[0] !== 'yes';
  const preferred = settings.raw.get('preferredauthentications')?.[0]?.split(',') ?? [
    'publickey',
    'keyboard-interactive',
    'password',
  ];
  const allowed: Readonly<Record<Method, boolean>> = {
    publickey: !off('pubkeyauthentication'),
    'keyboard-interactive': person && !off('kbdinteractiveauthentication'),
    password: person && !off('passwordauthentication'),
  };
  return preferred.filter((method): method is Method => Object.hasOwn(allowed, method) && allowed[method as Method]);
}

export function startLogin(settings: Pick<SshSettings, 'raw'>, identities: readonly Identity[]): LoginState {
  const prompts = Number(settings.raw.get('numberofpasswordprompts')?.[0] ?? 3);
  return {
    identities,
    methods: loginMethods(settings),
    questionsLeft: { 'keyboard-interactive': prompts, password: prompts },
    askedForMethods: false,
  };
}

export function nextAttempt(state: LoginState, answer: LoginAnswer): readonly [Attempt, LoginState] {
  for (const method of state.methods) {
    if (answer.methods?.includes(method) === false) continue;
    const step = tryMethod(state, method, answer);
    if (step !== undefined) return step;
  }
  // Without a key to offer, the machine has not yet listed its methods.
  if (answer.methods === undefined && !state.askedForMethods)
    return [{ kind: 'none' }, { ...state, askedForMethods: true }];
  return [{ kind: 'give-up' }, state];
}

/** The person declined, or nobody can be asked. */
export function withoutQuestions(state: LoginState): LoginState {
  return { ...state, questionsLeft: { 'keyboard-interactive': 0, password: 0 } };
}

function tryMethod(state: LoginState, method: Method, answer: LoginAnswer): readonly [Attempt, LoginState] | undefined {
  if (method === 'publickey') {
    const [identity, ...identities] = state.identities;
    return identity === undefined
      ? undefined
      : [
          { kind: 'publickey', identity },
          { ...state, identities },
        ];
  }
  const left = state.questionsLeft[method];
  // Only a machine that lists the method has its question put to a person.
  if (left === 0 || answer.methods === undefined) return undefined;
  return [{ kind: method }, { ...state, questionsLeft: { ...state.questionsLeft, [method]: left - 1 } }];
}
