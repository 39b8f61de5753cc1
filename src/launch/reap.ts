/** Shell functions that find and end every process of a launch, whatever it did to get away. */
import { PROCESS_MARK } from './marks.ts';

/**
 * `_Mpids MARK=value`: processes with that variable in the environment they were started with. A program that
 * left its process group by `setsid` still has it. Where there is no /proc, `ps -E` (macOS) shows environments.
 * The helpers themselves are started without the mark.
 */
const PIDS =
  `_Mpids(){ if [ -r /proc/self/environ ];then ` +
  `for _Mi in $(${PROCESS_MARK}= grep -ls "$1" /proc/[0-9]*/environ);do _Mi=\${_Mi#/proc/};echo "\${_Mi%/environ}";done;` +
  `else ${PROCESS_MARK}= ps -axEww -o pid= -o command=|${PROCESS_MARK}= grep "[\${1%"\${1#?}"}]\${1#?}"|` +
  `while read -r _Mi _Mj;do echo "$_Mi";done;fi;}`;

/** `_Mkill MARK=value SIGNAL`: true where there was any. */
const KILL = `_Mkill(){ _Mz=1;for _Mk in $(_Mpids "$1");do _Mz=0;kill -"$2" "$_Mk";done;return $_Mz;}`;

/** `$_Mpath` is what the helpers are looked up in, whatever PATH the program is given. */
export const FIND_AND_KILL = `_Mpath=$PATH:/usr/bin:/bin;${PIDS};${KILL}`;

/**
 * `_Mreap`: TERM to the launcher's process group and to everything that carries its mark, KILL two seconds later.
 * Twice, because a process may have forked between the listing and the signal; not at all where nothing carried the mark the
 * first time, for looking through all processes is what costs. It holds none of the
 * channel's descriptors meanwhile, so the program's end is seen at once. The process group is addressed by
 * `-$$`: the launcher is its leader.
 */
export function reapFunction(nonce: string): string {
  const mark = `${PROCESS_MARK}=${nonce}`;
  return (
    `_Mreap(){ trap '' TERM;PATH=$_Mpath;exec </dev/null >/dev/null 2>&1 3<&- 4>&-;kill -TERM -$$;` +
    `if _Mkill ${mark} TERM;then sleep 2;_Mkill ${mark} KILL;_Mkill ${mark} KILL;else sleep 2;fi;kill -KILL -$$;}`
  );
}
