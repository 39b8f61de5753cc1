import { linkContract } from './link-contract.ts';
import { localMachine } from './link-machines.ts';

linkContract('local', false, localMachine);
