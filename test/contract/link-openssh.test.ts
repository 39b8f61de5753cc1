import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { linkContract } from './link-contract.ts';
import { sshMachine } from './link-machines.ts';

linkContract('openssh', true, () => sshMachine(createOpensshDialer));
