# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What may differ between libvic and KVM's own APIC, exactly.

tests/guest/x86/differences.txt says why. A rule takes a field that both saw
and makes the two equal in what it is about: its result is compared.
"""

import apic as g
import rules_chips
import stream


def bit_mask(vectors, word):
    """Bits of a range of vectors in that word of ISR, TMR or IRR."""
    return sum(1 << v % 32 for v in vectors if v // 32 == word)


def without(vectors, words):
    """What a WINDOW took, but for those vectors."""
    return tuple(w for w in words if w & 0xff not in vectors)


def only_theirs(op, name, ours, theirs):
    """An access that is #GP on libvic and done on KVM."""
    del op
    return (ours, ours) if (name, ours, theirs) == ('fault', True, False) \
        else (ours, theirs)


def esr(op, name, ours, theirs):
    del op
    return (0, theirs) if name == 'ESR' else (ours, theirs)


def isr_in_handler(op, name, ours, theirs):
    del op
    if name == 'vectors' and all(w >> 8 or w >= g.EXTINT[0] for w in ours):
        return tuple(w & 0xff for w in ours), theirs
    return ours, theirs


def illegal_in_irr(op, name, ours, theirs):
    if name == 'part of IRR0':
        return ours, theirs & ~(0xffff >> op.at % 4 * 8)
    return (ours, theirs & ~0xffff) if name == 'IRR0' else (ours, theirs)


def level_tmr(op, name, ours, theirs):
    del op
    if name == 'TMR6':
        return ours, theirs & ~bit_mask(g.LEVEL_ASSERT, 6)
    return ours, theirs


def level_deassert(op, name, ours, theirs):
    del op
    if name == 'IRR6':
        return ours & ~bit_mask(g.LEVEL_DEASSERT, 6), theirs
    if name == 'vectors':
        return without(g.LEVEL_DEASSERT, ours), theirs
    return ours, theirs


def error_interrupt(op, name, ours, theirs):
    del op
    if name == 'IRR7':
        return ours & ~bit_mask(g.ERROR, 7), theirs
    if name == 'vectors':
        return without(g.ERROR, ours), theirs
    return ours, theirs


def lowest_choice(op, name, ours, theirs):
    """Who of a set takes it; on KVM, whether anybody does."""
    if name == 'IRR5':
        mask = ~bit_mask(g.LOWEST_VECTORS, 5)
        return ours & mask, theirs & mask
    if name == 'vectors':
        return rules_chips.up_to_limit(op, without(g.LOWEST_VECTORS, ours),
                                       without(g.LOWEST_VECTORS, theirs))
    return ours, theirs


def mixed_modes(op, name, ours, theirs):
    """Broadcasts and wide logical destinations from mode to mode."""
    del op
    if name == 'IRR5':
        mask = ~bit_mask(g.MIXED, 5)
        return ours & mask, theirs & mask
    if name == 'vectors':
        return without(g.MIXED, ours), without(g.MIXED, theirs)
    return ours, theirs


def timer_masked(op, name, ours, theirs):
    del op
    if name == 'IRR6':
        return ours, theirs & ~bit_mask(g.TIMER_MASKED, 6)
    if name == 'vectors':
        return ours, without(g.TIMER_MASKED, theirs)
    return ours, theirs


def shorthand_nmi(op, name, ours, theirs):
    del op
    return (ours, theirs - 1) if name == 'nmis' else (ours, theirs)


def lvt_read_only(op, name, ours, theirs):
    del op
    if name in ('LVT_LINT0', 'LVT_LINT1'):
        return ours, theirs & ~0x5000
    return (ours, theirs & ~0x1000) if name.startswith('LVT') \
        else (ours, theirs)


def reserved_load(op, name, ours, theirs):
    """libvic answers 0, KVM not at all: what was there stays."""
    del op
    return (ours, 0) if name == 'reserved' else (ours, theirs)


def icr_reserved(op, name, ours, theirs):
    del op
    return (ours, theirs & ~0xfff32000) if name == 'ICR' else (ours, theirs)


def odd_load(op, name, ours, theirs):
    """A load that reaches beyond the 32 bits of a register."""
    if name.startswith('part of') and op.at % 4 + op.width > 4:
        return ours, ours
    return ours, theirs


def kept_when_off(op, name, ours, theirs):
    del op
    return (ours, ours) if name not in ('BASE', 'ID', 'VERSION') \
        else (ours, theirs)


def icr_high_kept(op, name, ours, theirs):
    del op
    return (ours, theirs & 0xffffffff) if name == 'ICR' else (ours, theirs)


# Everywhere, and in operations that say so (Op.may).
ALWAYS = (esr, isr_in_handler, illegal_in_irr, level_tmr, level_deassert,
          lowest_choice, mixed_modes, error_interrupt, timer_masked,
          reserved_load, odd_load, icr_reserved)
TAGGED = {
    'reserved_tpr': only_theirs, 'reserved_svr': only_theirs,
    'reserved_lvt': only_theirs, 'reserved_eoi': only_theirs,
    'reserved_dcr': only_theirs, 'lvt_read_only': lvt_read_only,
    'shorthand_nmi': shorthand_nmi, 'kept_when_off': kept_when_off,
    'icr_high_kept': icr_high_kept,
}
NAMES = [rule.__name__ for rule in ALWAYS] + list(TAGGED)

OFFSETS = {getattr(g, n): n for n in (
    'ID', 'VERSION', 'TPR', 'PPR', 'EOI', 'LDR', 'DFR', 'SVR', 'ESR', 'ICR',
    'ICR2', 'LVT_TIMER', 'LVT_THERMAL', 'LVT_PERF', 'LVT_LINT0',
    'LVT_LINT1', 'LVT_ERROR', 'TIMER_ICR', 'TIMER_CCR', 'TIMER_DCR')}
OFFSETS.update({getattr(g, n) + 0x10 * i: f'{n}{i}'
                for n in ('ISR', 'TMR', 'IRR') for i in range(8)})


def register(op):
    """The name of what was read."""
    if op.code == stream.RDMSR:
        if op.at >= g.MSR_X2APIC:
            return OFFSETS.get((op.at - g.MSR_X2APIC) * 16, 'reserved')
        return f'MSR {op.at:x}'
    if op.at & ~0xfff == g.IOAPIC:
        return rules_chips.register(op)
    offset = op.at & 0xfff
    if op.width != 4 or offset & 0xf:
        name = OFFSETS.get(offset & ~0xf, 'reserved')
        return 'reserved' if offset & 0xc else f'part of {name}'
    return OFFSETS.get(offset, 'reserved')


def fields(op, outcome):
    """What was seen, by name."""
    seen = {'fault': outcome.fault}
    if op.code == stream.WINDOW:
        seen.update(nmis=outcome.value, vectors=tuple(outcome.extra))
    elif op.code == stream.SNAPSHOT:
        names = ['BASE', 'CR8', *stream.REGISTERS]
        seen.update(zip(names, outcome.extra))
        seen['words'] = len(outcome.extra)
    elif op.code == stream.IOAPIC:
        seen.update(zip(stream.IOAPIC_WORDS, outcome.extra))
    elif op.code == stream.PIC:
        seen.update(zip(stream.PIC_WORDS, outcome.extra))
    elif op.code == stream.IN:
        seen[f'port {op.at:x}'] = outcome.value
    elif op.code in (stream.LOAD, stream.RDMSR):
        if not outcome.fault:
            seen[register(op)] = outcome.value
    else:
        seen['value'] = outcome.value
    return seen


def explain(op, name, pair, allowed, used):
    """The pair after the rules; adds those that changed it to @used."""
    for rule in ALWAYS + rules_chips.ALWAYS:
        if rule.__name__ in allowed and pair[0] != pair[1]:
            after = rule(op, name, *pair)
            if after != pair:
                used.add(rule.__name__)
            pair = after
    for tag in sorted(op.may):
        if tag in allowed and pair[0] != pair[1]:
            after = (TAGGED | rules_chips.TAGGED)[tag](op, name, *pair)
            if after != pair:
                used.add(tag)
            pair = after
    return pair


def differences(op, ours, theirs, allowed, seen):
    """(field, on libvic, on KVM) of each that no rule makes equal."""
    left, right = fields(op, ours), fields(op, theirs)
    # One faulted: there is no value to compare.
    if left['fault'] != right['fault']:
        pairs = {'fault': (left['fault'], right['fault'])}
    else:
        pairs = {n: (left.get(n), right.get(n)) for n in left | right}
    for name, pair in pairs.items():
        if pair[0] == pair[1]:
            continue
        used = set()
        pair = explain(op, name, pair, allowed, used)
        if pair[0] == pair[1]:
            seen |= used
            continue
        yield name, show(pair[0]), show(pair[1])


def show(value):
    if isinstance(value, tuple):
        return ' '.join(f'{w:x}' for w in value) or 'nothing'
    return f'{value:#x}' if isinstance(value, int) else str(value)
