# SPDX-FileCopyrightText: Copyright libvic contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What may differ between the IOAPIC and PIC of libvic and of KVM, exactly.

As in rules.py; tests/guest/x86/differences.txt says why.
"""

ENTRIES = range(0x10, 0x40)
REMOTE_IRR = 0x4000
LEVEL_NMI = 0x8400
CASCADE = 1 << 2
# The first vector of the PIC.
EXTINT = 0xe0
STORED = 0xff0000000001ffff


def register(op):
    """The name of what was read from the IOAPIC's page."""
    if op.at & 0xfff != 0x10:
        return 'IOREGSEL'
    if op.value in ENTRIES:
        return 'high of entry' if op.value & 1 else 'low of entry'
    return {0: 'IOAPIC_ID', 1: 'IOAPIC_VER'}.get(op.value, 'no register')


def up_to_limit(op, ours, theirs):
    """Of a window that has one, if one more on one side is one less later."""
    if op.value and op.value in (len(ours), len(theirs)):
        shorter = min(len(ours), len(theirs))
        return ours[:shorter], theirs[:shorter]
    return ours, theirs


def ioapic_version(op, name, ours, theirs):
    """0x20 and 0x11."""
    del op
    if name == 'IOAPIC_VER' and theirs & 0xff == 0x11:
        return ours, theirs & ~0xff | 0x20
    return ours, theirs


def entry_reserved(op, name, ours, theirs):
    del op
    if name == 'low of entry':
        return ours, theirs & STORED & 0xffffffff
    if name == 'high of entry':
        return ours, theirs & STORED >> 32
    return (ours, theirs & STORED) if name.startswith('entry') \
        else (ours, theirs)


def send_pending(op, name, ours, theirs):
    """Level, not masked, and nobody accepted it."""
    del op
    if name == 'low of entry' or name.startswith('entry'):
        if ours & 0x1d000 == 0x9000:
            return ours & ~0x1000, theirs
    return ours, theirs


def no_register(op, name, ours, theirs):
    del op
    return (ours, ~theirs & 0xffffffff) if name == 'no register' \
        else (ours, theirs)


def icw1_isr(op, name, ours, theirs):
    del op
    return (0, ours) if name == 'PIC_ISR' else (ours, theirs)


def edge_kept(op, name, ours, theirs):
    """One request more, and the slave's."""
    del op
    if name == 'PIC_IRR' and theirs & ~0xff:
        return ours, theirs & CASCADE
    return (ours, 0) if name == 'PIC_IRR' else (ours, theirs)


def poll_is_inta(op, name, ours, theirs):
    """In the bit of the level that was polled, and the cascade's."""
    del op
    differ = (ours ^ theirs) & ~CASCADE if name.startswith('PIC_I') else 0
    return (ours, ours) if name in ('PIC_IRR', 'PIC_ISR') and \
        bin(differ).count('1') <= 1 else (ours, theirs)


def special_mask(op, name, ours, theirs):
    """The slave asks for the lower one."""
    del op
    if name == 'PIC_IRR' and ours & CASCADE:
        return ours & ~CASCADE, theirs
    return ours, theirs


def edge_again(op, name, ours, theirs):
    """A vector may come twice in a row."""
    if name == 'vectors':
        return up_to_limit(op, *([w for i, w in enumerate(words)
                                  if words[i - 1:i] != (w,)]
                                 for words in (ours, theirs)))
    return ours, theirs


def nmi_level(op, name, ours, theirs):
    """Remote IRR, and no further NMI."""
    del op
    if name == 'nmis':
        return ours, ours if theirs == ours - 1 else theirs
    if name == 'entry17' and ours & LEVEL_NMI == LEVEL_NMI:
        return ours, theirs & ~REMOTE_IRR
    return ours, theirs


def no_extint(op, name, ours, theirs):
    """ExtINTs of one side alone."""
    if name == 'vectors':
        return up_to_limit(op, *(tuple(w for w in words if w < EXTINT)
                                 for words in (ours, theirs)))
    return ours, theirs


def icw1_rotate(op, name, ours, theirs):
    """Two ExtINTs, in the other order."""
    del op
    if name == 'vectors':
        return (*sorted(ours[:2]), *ours[2:]), (*sorted(theirs[:2]),
                                                *theirs[2:])
    return ours, theirs


def icw1_single(op, name, ours, theirs):
    """The word was ICW4, and the mask is 0."""
    del op
    return (ours, theirs | ours) if name == 'port 21' and not theirs \
        else (ours, theirs)


def ltim(op, name, ours, theirs):
    """The request of the one that is in service."""
    del op
    more = ours & ~theirs
    if name == 'PIC_IRR' and bin(more).count('1') == 1:
        return ours & ~more, theirs
    return ours, theirs


def elcr_kept(op, name, ours, theirs):
    del op
    return (ours, theirs & ~(1 << 5)) if name == 'PIC_IRR' \
        else (ours, theirs)


ALWAYS = (ioapic_version, entry_reserved, send_pending, no_register)
TAGGED = {
    'edge_again': edge_again, 'nmi_level': nmi_level,
    'extint_by_pin': no_extint, 'icw1_isr': icw1_isr,
    'icw1_single': icw1_single,
    'edge_kept': edge_kept, 'poll_is_inta': poll_is_inta,
    'special_mask': special_mask, 'special_nested': no_extint,
    'ltim': ltim, 'icw_midway': no_extint, 'icw1_cascade': no_extint,
    'icw1_rotate': icw1_rotate, 'elcr_kept': elcr_kept,
}
NAMES = [rule.__name__ for rule in ALWAYS] + list(TAGGED)
