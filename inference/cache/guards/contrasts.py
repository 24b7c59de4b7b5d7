"""Words that exclude each other, by class: opposites, and members of one kind.

The lists follow classes of the language and of energy trade, not any set of test questions. Phrases
are compared by stem, so one form stands for all.
"""

from __future__ import annotations

from msgspec import Struct

from inference.cache.guards.word_lists import phrases, rows


class Opposites(Struct, frozen=True):
    """Two sides of one scale."""

    left: tuple[str, ...]
    right: tuple[str, ...]


def _pairs(table: str) -> tuple[Opposites, ...]:
    """One pair of opposites a row."""
    return tuple(Opposites(phrases(left), phrases(right)) for left, right in rows(table))


COMPARATIVE = _pairs("""
more | less, fewer
most | least, fewest
higher | lower
highest, maximum, max, peak, ceiling, cap, upper | lowest, minimum, min, floor
high | low
greater, larger, bigger | smaller, lesser
greatest, largest, biggest | smallest, least
above, exceed, at least, no less than, more than | below, fall short, at most, no more than,
    less than
increase, rise, grow, go up, went up, raise, escalate, gain | decrease, fall, drop, decline, go
    down, went down, reduce, shrink
longer, longest | shorter, shortest
long | short
faster, fastest, fast | slower, slowest, slow
better, best | worse, worst
good | bad
cheap, cheaper, cheapest | expensive, costly, dearer
hot, hotter, hottest, warm | cold, colder, coldest, cool
heavy, heavier, heaviest | light, lighter, lightest
near, nearer, nearest, close to | far from, farther, farthest, furthest
strong, stronger | weak, weaker
thick, thicker | thin, thinner
wide, wider | narrow, narrower
early, earlier | late, later
surplus, excess, overproduction | shortfall, deficit, shortage
""")

TEMPORAL = _pairs("""
before, prior to, ahead of, preceding, previous to, earlier than, until, till | after,
    following, once, since, subsequent to, later than, upon, from then on
begin, start, commence, commencement, onset, enter into force | end, finish, expire, expiry,
    terminate, stop, cease, run out
first, initial, original, earliest, oldest | last, final, latest, newest, most recent
previous, preceding, past, last, prior | next, following, coming, future, upcoming, subsequent
yesterday | tomorrow
daytime, day, daylight | night, overnight, nighttime
morning | evening, afternoon
summer | winter
weekday, working day, business day | weekend, holiday
open, opens | close, closes
onpeak, peak | offpeak
ex ante, advance, beforehand | ex post, retrospective, afterwards
temporary, interim, provisional | permanent, definitive
""")

DIRECTIONAL = _pairs("""
import | export
buy, purchase, acquire | sell
buyer, purchaser, offtaker, vendee | seller, vendor, generator
supplier, provider | customer, consumer, recipient
pay, payer, owe | receive, payee, collect
lender, creditor, lend | borrower, debtor, borrow
landlord, lessor | tenant, lessee
licensor | licensee
employer | employee
principal | agent
charge, recharge, top up | discharge, deplete
inject, injection, deposit | withdraw, withdrawal, withdrawn
send, transmit, outgoing | receive, incoming
upload | download
upstream | downstream
upward, up regulation, ramp up, scale up, upgrade | downward, down regulation, ramp down, scale
    down, downgrade
inlet, intake, input, inflow | outlet, exhaust, output, outflow
credit | debit
income, revenue, earnings | cost, expense, expenditure
profit, gain | loss
asset | liability
debt | equity
load, consumption, demand, consume | generation, supply, production, produce
inbound, arrival, arrive | outbound, departure, depart
turn on, switch on, start up, energise, energize | turn off, switch off, shut down, deenergise,
    deenergize
north, northern | south, southern
east, eastern | west, western
left | right
top, upper | bottom, lower
front | back, rear
""")

STATUS = _pairs("""
onshore | offshore
gross, higher heating, hhv | net, lower heating, lhv
firm | interruptible, nonfirm
fixed | variable, floating, indexed
wholesale | retail
ac, alternating current | dc, direct current
day ahead, forward | real time, intraday, spot
indoor, inside | outdoor, outside
renewable, green | fossil, conventional
planned, scheduled | unplanned, unscheduled, forced
positive | negative
direct | indirect
internal | external
mandatory, compulsory, obligatory, required | optional, voluntary
include, including, inclusive | exclude, excluding, exclusive, except
may, might, allowed to, permitted to, entitled to | must, shall, have to, has to, obliged to,
    required to
allow, permit, authorise, authorize, may | prohibit, forbid, ban, forbidden
accept, approve, grant | reject, refuse, deny, decline
enable, activate | disable, deactivate
connect, reconnect | disconnect
lock, freeze, block | unlock, unfreeze, unblock
succeed, success, pass | fail, failure
public | private
domestic, national | foreign, international, abroad
partial, partly | full, fully, entire
virtual | physical
active | reactive, passive, inactive
actual, measured, real | forecast, expected, estimated, predicted, planned, budgeted
location based | market based
nominal | real
dry | wet
new, amended, revised | old, unamended
simple, single | double, dual, compound
add, join, opt in | remove, leave, opt out, cancel
""")

OPPOSITES = (*COMPARATIVE, *TEMPORAL, *DIRECTIONAL, *STATUS)

_KINDS = """
wind | solar, photovoltaic, pv | hydro, hydroelectric, hydropower | nuclear, uranium | coal,
    lignite | oil, petroleum, crude | biomass, biogas, wood | geothermal | tidal, wave
natural gas, lng | propane | butane | ethane | diesel | gasoline, petrol | kerosene | hydrogen |
    ammonia | coal | heating oil | biogas, biomethane
carbon dioxide, co2 | methane, ch4 | nitrous oxide, n2o | sf6 | nox, nitrogen oxide | so2,
    sulphur dioxide, sulfur dioxide
residential, household, home, domestic | commercial, business | industrial | agricultural, farm,
    irrigation | municipal, street lighting
average, mean | median | total, sum | minimum, lowest | maximum, highest | standard deviation |
    variance
spring | summer | autumn | winter
morning | noon | afternoon | evening | night
primary | secondary | tertiary
lithium, lithium ion, lfp | lead acid | flow battery | sodium
transformer | inverter | turbine | electrolyser, electrolyzer | compressor | boiler | furnace
transmission | distribution | generation
electricity | gas | heat | water
buyer, purchaser | seller, vendor | lender | borrower | guarantor | insurer | contractor | operator
cash | cheque | credit card | debit card | bank transfer
saidi | saifi | caidi
fcr | afrr | mfrr
capex, capital | opex, operating, operation
voltage | current | frequency
wind speed | temperature | pressure | humidity
"""
KINDS: tuple[tuple[tuple[str, ...], ...], ...] = tuple(
    tuple(phrases(member) for member in kind) for kind in rows(_KINDS)
)
"""Classes whose members exclude each other; synonyms of a member by a comma."""

_SYNONYMS = """
price, cost, fee, rate, tariff, charge
increase, rise, escalate, growth
decrease, fall, drop, decline, reduce
maximum, max, cap, limit, ceiling, highest, largest
minimum, min, floor, lowest, smallest
big, large
begin, start, commence
end, finish, expire
buy, purchase
buyer, purchaser
seller, vendor
contract, agreement, deal
produce, generate, generation, production, output
need, require
show, state, specify
allow, permit
penalty, damages, fine
pay, payment
year, annual, yearly
month, monthly
day, daily
hour, hourly
week, weekly
percent, percentage, share, proportion, fraction
home, house, residential, household
customer, consumer
electricity, power
clause, section, article
warranty, guarantee, warrant
quick, fast, speed
fix, repair
broken, break, faulty
lost, missing
happen, occur
help, assist
wrong, incorrect
use, usage
mean, meaning, define, definition
job, work
obtain, receive
find, locate
change, modify, alter
"""
SYNONYMS: tuple[tuple[str, ...], ...] = tuple(phrases(group) for (group,) in rows(_SYNONYMS))
"""Words of which one may stand for another without changing what is asked."""
