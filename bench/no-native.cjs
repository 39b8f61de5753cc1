// Preloaded: as if no install script had run, so that ssh2 has only Node's own cryptography.
const Module = require('node:module');

const load = Module._load;
Module._load = function (request, ...rest) {
  if (/sshcrypto\.node$|^cpu-features$/.test(request)) throw new Error(`${request} is left out`);
  return load.call(this, request, ...rest);
};
