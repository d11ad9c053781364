"""Who may do what: one table. The scope (which halls, which department) is checked in `web.auth`."""

from enum import StrEnum

from storage.models import Role


class Permission(StrEnum):
    BOARD = "board"  # the board of counters, a counter's page and its presence
    LIVE = "live"  # live video
    ALERTS = "alerts"
    SITE_ALERTS = (
        "site_alerts"  # those that concern every hall, whatever the scope: a process is silent, the store is unsafe
    )
    ACKNOWLEDGE = "acknowledge"
    ABSENCES = "absences"
    CLIPS = "clips"  # recorded footage and stills of any moment; a department's of its cases and of absences alone
    CASES = "cases"
    ANSWER_CARDS = "answer_cards"  # for the department: explaining, appealing, correcting
    JUDGE_CARDS = "judge_cards"  # upholding, withdrawing, deciding on appeals, closing
    ORDER = "order"  # issuing supervision orders, closing and returning them
    ANSWER_ORDERS = "answer_orders"  # for the department
    APPLICANT = "applicant"  # the applicant's name
    SPAN = "span"  # looking for footage: any hall, camera and span of time on a page, the calendar, HLS
    FINDINGS = "findings"
    IMPORT = "import"
    DATA_QUALITY = "data_quality"  # what each source has sent, and what is missing
    EVALUATION = "evaluation"  # how units did in a month
    SIMULATE = "simulate"  # what other weights would have made of it
    PUBLISH = "publish"  # publishing the evaluation of a month, and errata of it
    ENTER_FIGURES = "enter_figures"  # entering what people judge of units in scope, for the evaluation of a month
    CATALOGUE = "catalogue"  # the catalogue of items with all its versions
    PROPOSE = "propose"  # drafting a change of the catalogue, or with `simulate` of the formula
    APPROVE = "approve"  # approving such a change of somebody else, or sending it back
    CLOSURES = "closures"  # noting days on which a hall is closed
    HEALTH = "health"
    ADMIN = "admin"
    DOWNLOAD = "download"  # footage as a file
    UNMASKED = "unmasked"  # what privacy masks hide, each time with a stated purpose
    DISPUTE = "dispute"  # for the department: disputing an absence
    JUDGE_DISPUTES = "judge_disputes"  # deciding on that
    FEEDBACK = "feedback"  # saying that an alert is wrong, and the samples that this makes
    COVER = "cover"  # registering leave, and who covers a counter
    HOLD = "hold"  # keeping footage beyond its time
    DELETIONS = "deletions"  # the ledger of footage that was deleted
    COMPLAINTS = "complaints"  # what came in by the public form
    CALL_BACKS = "call_backs"  # bad ratings, and the calls back that they ask for
    CONTACTS = "contacts"  # contact persons of counters and departments, and keeping them; a department its own
    CORRECT = "correct"  # saying that footage was recorded at another time


P = Permission

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPERVISOR: frozenset(
        {
            P.BOARD,
            P.LIVE,
            P.ALERTS,
            P.SITE_ALERTS,
            P.ACKNOWLEDGE,
            P.ABSENCES,
            P.JUDGE_DISPUTES,
            P.FEEDBACK,
            P.CLIPS,
            P.CASES,
            P.JUDGE_CARDS,
            P.ORDER,
            P.COVER,
            P.HOLD,
            P.DELETIONS,
            P.DATA_QUALITY,
            P.EVALUATION,
            P.SIMULATE,
            P.PUBLISH,
            P.ENTER_FIGURES,
            P.CALL_BACKS,
            P.CONTACTS,
            P.CATALOGUE,
            P.PROPOSE,
            P.APPROVE,
            P.CLOSURES,
        }
    ),
    Role.INSPECTOR: frozenset(
        {
            P.CASES,
            P.APPLICANT,
            P.CLIPS,
            P.SPAN,
            P.FINDINGS,
            P.ABSENCES,
            P.IMPORT,
            P.DATA_QUALITY,
            P.EVALUATION,
            P.DOWNLOAD,
            P.HOLD,
            P.DELETIONS,
            P.CATALOGUE,
            P.PROPOSE,
        }
    ),
    Role.INVESTIGATOR: frozenset(
        {
            P.BOARD,
            P.LIVE,
            P.ALERTS,
            P.ABSENCES,
            P.CLIPS,
            P.CASES,
            P.APPLICANT,
            P.SPAN,
            P.FINDINGS,
            P.DOWNLOAD,
            P.UNMASKED,
            P.HOLD,
            P.DELETIONS,
            P.COMPLAINTS,
        },
    ),
    Role.DEPARTMENT: frozenset(
        {
            P.ALERTS,
            P.ABSENCES,
            P.DISPUTE,
            P.CLIPS,
            P.CASES,
            P.ANSWER_CARDS,
            P.ANSWER_ORDERS,
            P.EVALUATION,
            P.CALL_BACKS,
            P.CONTACTS,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def allowed(role: Role, permission: Permission) -> bool:
    return permission in PERMISSIONS[role]


def roles_that_dispute() -> frozenset[Role]:
    """For the department: administrators may do it in somebody's place, which gives nobody a voice."""
    return frozenset(role for role in Role if allowed(role, Permission.DISPUTE) and not allowed(role, Permission.ADMIN))


_HOMES = (
    (Permission.BOARD, "/"),
    (Permission.CASES, "/cases"),
    (Permission.ALERTS, "/alerts"),
)


def home_path(role: Role) -> str:
    """The first page a user of this role sees."""
    return next(path for permission, path in _HOMES if allowed(role, permission))
