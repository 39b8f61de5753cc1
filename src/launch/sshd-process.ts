/** Shell function `_Mis PID`: is this (still) an sshd that serves a login? `sshd-session` since OpenSSH 9.8. */
export const IS_SSHD =
  `_Mis(){ if [ -r "/proc/$1/comm" ];then read -r _Mc <"/proc/$1/comm";else _Mc=$(ps -o comm= -p "$1");fi;` +
  `case \${_Mc##*/} in sshd|sshd-session|sshd:*|sshd-session:*)return 0;;esac;return 1;}`;
