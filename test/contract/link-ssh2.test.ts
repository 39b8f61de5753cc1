import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { linkContract } from './link-contract.ts';
import { sshMachine } from './link-machines.ts';

linkContract('ssh2', true, () => sshMachine(createSsh2Dialer));
