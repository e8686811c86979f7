/**
 * What runs on the device: a loop in POSIX shell (dash, bash, BusyBox ash) that takes one request a line from its terminal and answers in
 * frames. Arguments: nonce, directory, and after an `exit` of a command its id, its exit code and the request it came with.
 *
 * A request is `<checksum> <verb> <serial> …`, the checksum that of the rest and a line feed:
 *   p <serial> c|i >|>> <printf %b>   a piece of a long command (c) or of stdin (i), to a new file or appended
 *   x <serial> <id> 0|1 <command>     run it, with the stdin that was sent (1) or none
 *   f <serial> <id> 0|1               run the command that was sent in pieces
 *   e <serial> <id>                   say the end again
 *   r <serial> <id> o|e <length> <sed script>   say these lines of stdout or stderr again, then the end
 *   h <serial>                        say that you are ready again
 *   q <serial>                        end
 * Each request may come twice: a piece is written once, a command run once.
 *
 * A frame is `<nonce>…;` and a line feed, wherever in a line it stands:
 *   r<encoding>:<bytes a line>:<checksum tool>:<sum>;        ready
 *   k<serial>:<sum>;                                          piece taken
 *   n;                                                        a request came damaged
 *   u<id>:<sum>;                                              no such command was run
 *   <id>o<line>:<data>;  <id>e<line>:<data>;                  a line of encoded stdout or stderr
 *   x<id>:<serial>:<exit code>:<length of stdout>:<checksum>:<length of stderr>:<checksum>:<sum>;   the end
 * A sum covers the frame's numbers. stdout and stderr lie in files until the next command, so that any line can be said again.
 *
 * The functions and variables begin with bw_, for the commands run in the same shell: that is what keeps `cd` and variables. A command that
 * exits it, or is interrupted, is told of by the EXIT trap, which goes on in a fresh shell of the same directory and environment. For a
 * tool there are two, for images leave out one or the other: OpenEmbedded's BusyBox has no cksum and no base64 by default.
 */
export const frameLoop = String.raw`bw_n=$1 bw_d=$2 bw_id=$3 bw_rc=$4 bw_t=$5 bw_taken=0
stty -echo 2>/dev/null
bw_sh=$(command -v sh)
bw_say() { printf '%s%s;\n' "$bw_n" "$1"; }
bw_sum() { bw_s=0; for bw_v in "$@"; do bw_s=$(((bw_s * 65599 + bw_v) % 2147483647)); done; }
if bw_tool=$(command -v cksum); then
  bw_with=c
  bw_check() { bw_c=$("$bw_tool" <<BW_END
$1
BW_END
); bw_c=${'$'}{bw_c%% *}; }
  bw_measure() { bw_c=$("$bw_tool" <"$1"); bw_l=${'$'}{bw_c#* }; bw_l=${'$'}{bw_l%% *}; bw_c=${'$'}{bw_c%% *}; }
else
  bw_with=m
  bw_tool=$(command -v md5sum)
  bw_check() { bw_c=$("$bw_tool" <<BW_END
$1
BW_END
); bw_c=$((0x${'$'}{bw_c%"${'$'}{bw_c#????????}"})); }
  bw_measure() {
    bw_l=$(wc -c <"$1"); bw_l=$((bw_l)); bw_c=$(dd if="$1" bs="$bw_l" count=1 2>/dev/null | "$bw_tool")
    bw_c=$((0x${'$'}{bw_c%"${'$'}{bw_c#????????}"}))
  }
fi
if bw_coder=$(command -v base64); then
  bw_code=b
  if "$bw_coder" -w 380 </dev/null >/dev/null 2>&1; then bw_w=285; bw_encode() { "$bw_coder" -w 380; }
  else bw_w=57; bw_encode() { "$bw_coder"; }; fi
elif bw_coder=$(command -v hexdump); then bw_code=h bw_w=128; bw_encode() { "$bw_coder" -v -e '128/1 "%02x" "\n"'; }
else bw_code=h bw_w=16 bw_coder=$(command -v od); bw_encode() { "$bw_coder" -An -v -tx1; }; fi
bw_send() { dd if="$bw_d/$1" bs="$2" count=1 2>/dev/null | bw_encode | grep -n '' | sed -n "s/ //g;s/.*/$bw_n$bw_id$1&;/;$3"; }
bw_stream() {
  bw_l=0 bw_c=0
  [ -s "$bw_d/$1" ] || return 0
  bw_measure "$bw_d/$1"
  if [ $bw_code = b ] && [ "$bw_l" -le $bw_w ]; then bw_say "$bw_id${'$'}{1}1:$(bw_encode <"$bw_d/$1")"
  else bw_send "$1" "$bw_l" p; fi
}
bw_end() {
  bw_sum "$bw_id" "$bw_t" "$bw_rc" "$bw_ol" "$bw_oc" "$bw_el" "$bw_ec"
  bw_say "x$bw_id:$bw_t:$bw_rc:$bw_ol:$bw_oc:$bw_el:$bw_ec:$bw_s"
}
bw_result() { bw_stream o; bw_ol=$bw_l bw_oc=$bw_c; bw_stream e; bw_el=$bw_l bw_ec=$bw_c; bw_end; }
bw_gone() { trap - EXIT; trap : INT; exec </dev/tty >/dev/tty 2>&1; exec "$bw_sh" "$bw_d/loop" "$bw_n" "$bw_d" "$bw_id" "$1" "$bw_t"; }
bw_ready() { bw_sum $bw_w 4294967295 4294967295; bw_say "r$bw_code:$bw_w:$bw_with:$bw_s"; }
bw_leave() { trap - EXIT HUP; rm -rf "$bw_d"; stty echo 2>/dev/null; }
bw_eval() { eval "$bw_cmd"; }
bw_watch() { trap 'bw_gone $?' EXIT; trap : INT; trap 'bw_leave; exit 129' HUP; }
bw_watch
if [ -n "$bw_rc" ]; then bw_result
else bw_ready; fi
bw_failed=0
while :; do
  if IFS= read -r bw_line; then bw_failed=0
  else bw_failed=$((bw_failed + 1)); [ $bw_failed -ge 2 ] && break; continue; fi
  [ -n "$bw_line" ] || continue
  bw_body=${'$'}{bw_line#* }
  bw_check "$bw_body"
  if [ "${'$'}{bw_line%% *}" != "$bw_c" ]; then bw_say n; continue; fi
  bw_verb=${'$'}{bw_body%% *} bw_body=${'$'}{bw_body#* }
  bw_t=${'$'}{bw_body%% *} bw_body=${'$'}{bw_body#* }
  bw_1=${'$'}{bw_body%% *} bw_body=${'$'}{bw_body#* }
  bw_2=${'$'}{bw_body%% *} bw_body=${'$'}{bw_body#* }
  case $bw_verb in
  p)
    if [ "$bw_t" != "$bw_taken" ]; then
      if [ "$bw_2" = '>' ]; then printf '%b' "$bw_body" >"$bw_d/$bw_1"; else printf '%b' "$bw_body" >>"$bw_d/$bw_1"; fi
      bw_taken=$bw_t
    fi
    bw_sum "$bw_t"; bw_say "k$bw_t:$bw_s" ;;
  x | f)
    if [ "$bw_1" = "$bw_id" ]; then bw_end; continue; fi
    bw_id=$bw_1 bw_in=/dev/null
    [ "$bw_2" = 0 ] || bw_in=$bw_d/i
    if [ $bw_verb = x ]; then bw_cmd=$bw_body; else bw_cmd=$(cat "$bw_d/c"); fi
    trap 'exit 130' INT
    bw_eval <"$bw_in" >"$bw_d/o" 2>"$bw_d/e"
    bw_rc=$?
    set +efu
    bw_watch
    bw_result ;;
  e) if [ "$bw_1" = "$bw_id" ]; then bw_end; else bw_sum "$bw_1"; bw_say "u$bw_1:$bw_s"; fi ;;
  r)
    if [ "$bw_1" = "$bw_id" ]; then bw_send "$bw_2" "${'$'}{bw_body%% *}" "${'$'}{bw_body#* }"; bw_end
    else bw_sum "$bw_1"; bw_say "u$bw_1:$bw_s"; fi ;;
  h) bw_ready ;;
  q) bw_leave; bw_sum "$bw_t"; bw_say "k$bw_t:$bw_s"; exit ;;
  esac
done
bw_leave
`;
