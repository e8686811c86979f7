/**
 * What runs on the device: a loop in POSIX shell (dash, bash, BusyBox ash) that takes one request a line from its terminal and answers in
 * frames. Arguments: nonce, directory, and after an `exit` of a command its id, its exit code and the request it came with.
 *
 * A request is `<checksum> <verb> <serial> …`. The checksum of a short rest is one that the shell itself can do, over the places of its
 * characters in ASCII from blank on, for each process that is started costs a slow device milliseconds; of a longer one it is the tool's,
 * over the rest and a line feed:
 *   p <serial> c|i <first> <printf %b>   a piece of a long command (c) or of stdin (i); `first` is the serial of the first piece
 *   x <serial> <id> <stdin> <command>    run it; stdin: 0 none, 1 the pieces as they are, 2 they are base64, 3 they are base64 of gzip
 *   f <serial> <id> <stdin>              run the command that was sent in pieces
 *   e <serial> <id>                      say the end again
 *   r <serial> <id> o|e <length> <sed script>   say these lines of stdout or stderr again, then the end
 *   w <serial> <id>                      say the result again, and from now on pack none
 *   h <serial>                           say that you are ready again
 *   q <serial>                           end
 * Each request may come twice, and pieces several at a time: a piece is written once and in its turn, a command run once.
 *
 * A frame is `<nonce>…;` and a line feed, wherever in a line it stands:
 *   r<encoding>:<bytes a line>:<checksum tool>:<unpacks>:<sum>;   ready; unpacks: 1 base64, 2 gzip, 3 both
 *   k<serial>:<sum>;                                          pieces taken up to this one
 *   j<number>:<sum>;                                          the pieces from this serial on, or the stdin of this command, can't be kept
 *   n;                                                        a request came damaged
 *   u<id>:<sum>;                                              no such command was run
 *   <id>o<line>:<data>;  <id>e<line>:<data>;                  a line of encoded stdout or stderr
 *   <id>O<line>:<data>;  <id>E<line>:<data>;                  a wide one: ten of those lines
 *   x<id>:<serial>:<exit code>:<packed>:<length of stdout>:<checksum>:<length of stderr>:<checksum>:<sum>;   the end
 * A sum covers the frame's numbers. stdout and stderr lie in files until the next command, so that any line can be said again. What is
 * longer than a kilobyte travels as gzip makes it, where that is shorter (packed: 1 stdout, 2 stderr, 3 both), and lengths and checksums
 * are those of what travels. Base64 of gzip is hardly longer than the worst of texts, and a log shrinks to a fifth. Wide lines, because
 * what is around the data of a line is a twentieth of a short one; after a line was asked for again, short ones, as less of them is lost.
 *
 * The functions and variables begin with bw_, for the commands run in the same shell: that is what keeps `cd` and variables. A command that
 * exits it, or is interrupted, is told of by the EXIT trap, which goes on in a fresh shell of the same directory and environment. For a
 * tool there are two, for images leave out one or the other: OpenEmbedded's BusyBox has no cksum and no base64 by default. Which there are
 * is looked up once, for a shell that follows one that was left would take longer to look than to begin.
 */
export const frameLoop = String.raw`bw_n=$1 bw_d=$2 bw_id=$3 bw_rc=$4 bw_t=$5 bw_first=0 bw_next=0 bw_short=0
stty -echo 2>/dev/null
bw_say() { printf '%s%s;\n' "$bw_n" "$1"; }
bw_sum() { bw_s=0; for bw_v in "$@"; do bw_s=$(((bw_s * 65599 + bw_v) % 2147483647)); done; }
bw_ascii=' !"#$%&'\''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_${'`'}abcdefghijklmnopqrstuvwxyz{|}~'
bw_check() {
  if [ ${'$'}{#1} -gt 120 ]; then bw_checklong "$1"; return; fi
  bw_c=0 bw_r=$1
  while [ -n "$bw_r" ]; do
    bw_v=${'$'}{bw_r#?}
    bw_h=${'$'}{bw_r%"$bw_v"}
    bw_h=${'$'}{bw_ascii%%"$bw_h"*}
    bw_c=$(((bw_c * 65599 + ${'$'}{#bw_h}) % 2147483647)) bw_r=$bw_v
  done
}
if [ -s "$bw_d/tools" ]; then . "$bw_d/tools"
else
  bw_sh=$(command -v sh) bw_gzip=$(command -v gzip)
  if bw_tool=$(command -v cksum); then bw_with=c; else bw_with=m bw_tool=$(command -v md5sum); fi
  if bw_coder=$(command -v base64); then
    if "$bw_coder" -w 380 </dev/null >/dev/null 2>&1; then bw_how=base64; else bw_how=columns; fi
  elif bw_coder=$(command -v hexdump); then bw_how=hexdump
  else bw_how=od bw_coder=$(command -v od); fi
  for bw_v in sh gzip tool with coder how; do eval "printf \"%s='%s'\\n\" bw_$bw_v \"\$bw_$bw_v\""; done >"$bw_d/tools"
fi
case $bw_how in
base64) bw_code=b bw_w=285; bw_encode() { "$bw_coder" -w 380; } ;;
columns) bw_code=b bw_w=285; bw_encode() { "$bw_coder" | bw_join; } ;;
hexdump) bw_code=h bw_w=128; bw_encode() { "$bw_coder" -v -e '128/1 "%02x" "\n"'; } ;;
*) bw_code=h bw_w=80; bw_encode() { "$bw_coder" -An -v -tx1 | bw_join; } ;;
esac
if [ $bw_with = c ]; then
  bw_checklong() { bw_c=$("$bw_tool" <<BW_END
$1
BW_END
); bw_c=${'$'}{bw_c%% *}; }
  bw_measure() { bw_c=$("$bw_tool" <"$1"); bw_l=${'$'}{bw_c#* }; bw_l=${'$'}{bw_l%% *}; bw_c=${'$'}{bw_c%% *}; }
else
  bw_checklong() { bw_c=$("$bw_tool" <<BW_END
$1
BW_END
); bw_c=$((0x${'$'}{bw_c%"${'$'}{bw_c#????????}"})); }
  bw_measure() {
    bw_l=$(wc -c <"$1"); bw_l=$((bw_l)); bw_c=$(dd if="$1" bs="$bw_l" count=1 2>/dev/null | "$bw_tool")
    bw_c=$((0x${'$'}{bw_c%"${'$'}{bw_c#????????}"}))
  }
fi
bw_join() { sed '$!N;$!N;$!N;$!N;s/\n//g'; }
bw_wide() { sed '$!N;$!N;$!N;$!N;$!N;$!N;$!N;$!N;$!N;s/\n//g'; }
bw_part() { dd if="$bw_d/$1" bs="$2" count=1 2>/dev/null | bw_encode; }
bw_lines() { grep -n '' | sed -n "s/ //g;s/.*/$bw_n$bw_id$1&;/;$2"; }
bw_stream() {
  bw_l=0 bw_c=0 bw_p=0
  [ -s "$bw_d/${'$'}{1}0" ] || return 0
  bw_measure "$bw_d/${'$'}{1}0"
  if [ "$bw_l" -gt 1024 ] && [ -n "$bw_gzip" ] && "$bw_gzip" -c <"$bw_d/${'$'}{1}0" >"$bw_d/${'$'}{1}1" 2>/dev/null; then
    bw_pl=$bw_l bw_pc=$bw_c
    bw_measure "$bw_d/${'$'}{1}1"
    if [ "$bw_l" -lt "$bw_pl" ]; then bw_p=1; else bw_l=$bw_pl bw_c=$bw_pc; fi
  fi
  if [ $bw_code = b ] && [ "$bw_l" -le $bw_w ]; then bw_say "$bw_id${'$'}{1}1:$(bw_encode <"$bw_d/$1$bw_p")"
  elif [ $bw_short -gt 0 ] || [ "$bw_l" -le $((bw_w * 10)) ]; then bw_part "$1$bw_p" "$bw_l" | bw_lines "$1" p
  else bw_part "$1$bw_p" "$bw_l" | bw_wide | bw_lines "$2" p; fi
}
bw_end() {
  bw_p=$((bw_oz + 2 * bw_ez))
  bw_sum "$bw_id" "$bw_t" "$bw_rc" "$bw_p" "$bw_ol" "$bw_oc" "$bw_el" "$bw_ec"
  bw_say "x$bw_id:$bw_t:$bw_rc:$bw_p:$bw_ol:$bw_oc:$bw_el:$bw_ec:$bw_s"
}
bw_result() {
  bw_stream o O; bw_ol=$bw_l bw_oc=$bw_c bw_oz=$bw_p
  bw_stream e E; bw_el=$bw_l bw_ec=$bw_c bw_ez=$bw_p
  bw_end
}
bw_number() { bw_sum "$2"; bw_say "$1$2:$bw_s"; }
bw_gone() { trap - EXIT; trap : INT; exec </dev/tty >/dev/tty 2>&1; exec "$bw_sh" "$bw_d/loop" "$bw_n" "$bw_d" "$bw_id" "$1" "$bw_t"; }
bw_ready() {
  bw_can=0
  [ $bw_code = b ] && [ "$(printf b2s= | "$bw_coder" -d 2>/dev/null)" = ok ] && bw_can=1
  [ -n "$bw_gzip" ] && [ "$(printf ok | "$bw_gzip" -c 2>/dev/null | "$bw_gzip" -dc 2>/dev/null)" = ok ] && bw_can=$((bw_can + 2))
  bw_sum $bw_w $bw_can 4294967295 4294967295; bw_say "r$bw_code:$bw_w:$bw_with:$bw_can:$bw_s"
}
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
    bw_k=$((bw_2 - 1))
    if [ "$bw_2" = "$bw_t" ] && [ "$bw_2" != "$bw_first" ]; then bw_first=$bw_2 bw_next=$bw_2; printf '' >"$bw_d/$bw_1"; fi
    if [ "$bw_2" = "$bw_first" ]; then
      if [ "$bw_t" = "$bw_next" ]; then
        if printf '%b' "$bw_body" >>"$bw_d/$bw_1"; then bw_next=$((bw_next + 1)); else bw_next=0; fi
      fi
      if [ $bw_next = 0 ]; then bw_number j $bw_first; continue; fi
      bw_k=$((bw_next - 1))
    fi
    bw_number k $bw_k ;;
  x | f)
    if [ "$bw_1" = "$bw_id" ]; then bw_end; continue; fi
    case $bw_2 in
    0) bw_in=/dev/null ;;
    1) bw_in=$bw_d/i ;;
    *)
      bw_in=$bw_d/j
      if [ "$bw_2" = 2 ]; then "$bw_coder" -d <"$bw_d/i" >"$bw_in"; else "$bw_coder" -d <"$bw_d/i" | "$bw_gzip" -dc >"$bw_in"; fi 2>/dev/null
      if [ $? != 0 ]; then bw_number j "$bw_1"; continue; fi ;;
    esac
    bw_id=$bw_1
    if [ $bw_verb = x ]; then bw_cmd=$bw_body; else bw_cmd=$(cat "$bw_d/c"); fi
    trap 'exit 130' INT
    bw_eval <"$bw_in" >"$bw_d/o0" 2>"$bw_d/e0"
    bw_rc=$?
    set +efuC
    bw_watch
    [ $bw_short = 0 ] || bw_short=$((bw_short - 1))
    bw_result ;;
  e) if [ "$bw_1" = "$bw_id" ]; then bw_end; else bw_number u "$bw_1"; fi ;;
  r)
    if [ "$bw_1" = "$bw_id" ]; then
      bw_short=9
      case $bw_2 in o) bw_p=$bw_oz ;; *) bw_p=$bw_ez ;; esac
      bw_part "$bw_2$bw_p" "${'$'}{bw_body%% *}" | bw_lines "$bw_2" "${'$'}{bw_body#* }"
      bw_end
    else bw_number u "$bw_1"; fi ;;
  w) if [ "$bw_1" = "$bw_id" ]; then bw_gzip=; bw_result; else bw_number u "$bw_1"; fi ;;
  h) bw_ready ;;
  q) bw_leave; bw_number k "$bw_t"; exit ;;
  esac
done
bw_leave
`;
