# What may follow the words "$1": verbs or other words, files. Status 1 if they are not the way to a verb.
_beet_deejai_arguments() {
    case $1 in
@arguments@
        *) return 1 ;;
    esac
}

_beet_deejai_flags() {
    case $1 in
@flags@
    esac
}

# What an option takes: "$1" is the words up to its verb, and the option.
_beet_deejai_value() {
    case $1 in
@values@
    esac
}
