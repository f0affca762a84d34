# Bash completion of kcloud-logger: `source tools/completion/kcloud-logger.bash`, or install it as
# /usr/share/bash-completion/completions/kcloud-logger.
# shellcheck shell=bash

_kcloud_logger() {
  local current=${COMP_WORDS[COMP_CWORD]}
  local previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command="" second="" word words=""
  COMPREPLY=()

  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word != -* ]] || continue
    case $word in
      run | check | tail | top | demo | import | export | replay | report | rules | journal | collectors | dead-letters | cursors | audit | version)
        if [[ -z $command ]]; then command=$word; elif [[ $command == rules || $command == report ]]; then second=$word; fi
        ;;
      test | backtest) [[ $command != rules ]] || second=$word ;;
      ls | drop | pause | resume | show | retry | purge | verify | new-chain) [[ $command != audit && $command != cursors && $command != collectors && $command != dead-letters ]] || second=$word ;;
    esac
  done

  case $previous in
    --config)
      mapfile -t COMPREPLY < <({ compgen -f -X '!*.y*ml' -- "$current"; compgen -d -- "$current"; } || true)
      return
      ;;
    --ca | --cert | --key)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --data-dir)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --type) words="scheduling_decision workload_relocation cluster_reconfiguration inefficiency_detected policy_change metrics_updated alert" ;;
    --severity) words="info low medium high warning critical" ;;
    --output)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --lang) words="ko en" ;;
    --time) words="received event" ;;
    --order) words="asc desc" ;;
    --format) words="$(case $command in rules) echo text json ;; report) echo json jsonl csv html ;; *) echo ndjson csv body ;; esac)" ;;
    --compress) words="gzip zstd none" ;;
    --url) words="http://localhost:8007" ;;
    --listen) words="127.0.0.1:8007" ;;
    --interval) words="500ms 1s 5s" ;;
    --rate | --count | --seed | --days | --per-day | --token | --workload | --cluster | --source | --origin | --reason | --q | --since | --until | --received-since | --received-until | --limit | --last | --timeout | --exporter | --from | --to | --after | --time-range | --zone | --actor) return ;;
    *)
      case $command in
        "") words="run check tail top demo import export replay report rules journal collectors dead-letters cursors audit version --help" ;;
        run) words="--config --listen --data-dir --help" ;;
        check) words="--config --online --timeout --help" ;;
        tail) words="--url --token --ca --cert --key --type --workload --cluster --source --severity --q --since --last --json --help" ;;
        top) words="--url --token --ca --cert --key --interval --once --batch --help" ;;
        demo) words="--url --token --ca --cert --key --rate --count --seed --days --per-day --until --output --help" ;;
        import)
          words="--url --data-dir --config --type --token --ca --cert --key --restart --help"
          mapfile -t COMPREPLY < <({ compgen -W "$words" -- "$current"; compgen -f -- "$current"; } || true)
          return
          ;;
        export) words="--url --data-dir --config --token --ca --cert --key --type --workload --cluster --source --severity --q --since --until --received-since --received-until --order --limit --format --output --compress --help" ;;
        replay) words="--exporter --from --to --time --after --detach --wait --cancel --url --token --ca --cert --key --help" ;;
        report) words="$([[ -n $second ]] || echo audit) --since --until --time-range --zone --type --cluster --workload --actor --format --lang --output --url --token --ca --cert --key --help" ;;
        rules)
          words="$([[ -n $second ]] || echo check test backtest) $([[ $second != test ]] || echo --coverage) $([[ $second != backtest ]] || echo --since --until --data-dir --url --token --ca --cert --key) --config --format --help"
          mapfile -t COMPREPLY < <({ compgen -W "$words" -- "$current"; [[ -z $second ]] || compgen -f -- "$current"; } || true)
          return
          ;;
        journal) words="check --data-dir --help" ;;
        audit) words="$([[ -n $second ]] || echo verify new-chain) --data-dir $(if [[ $second == new-chain ]]; then echo --after --reason; else echo --pg --pg-schema --config --from --to --heads --public-key --json; fi) --help" ;;
        collectors) words="$([[ -n $second ]] || echo ls pause resume) --url --token --ca --cert --key $([[ $second != ls ]] || echo --json) --help" ;;
        dead-letters) words="$([[ -n $second ]] || echo ls show retry purge) --url --token --ca --cert --key $([[ $second == show ]] || echo --origin --reason --type --since --until) $([[ $second != ls ]] || echo --limit) $([[ $second == purge ]] || echo --json) $([[ $second != retry && $second != purge ]] || echo --all) --help" ;;
        cursors) words="$([[ -n $second ]] || echo ls drop) --data-dir --help" ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _kcloud_logger kcloud-logger
