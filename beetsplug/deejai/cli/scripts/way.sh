        case $word in
            @global_options@) [[ -n $place ]] || (( at++ )) ;;
            -*) ;;
            *)
                _beet_deejai_arguments "${place:+$place }$word" || break
                place=${place:+$place }$word ;;
        esac
    done
    if [[ -z $place ]]; then
        _beet_deejai_others "$@"
        return
    fi
