//! The filter that keeps frames of interfaces left out from being copied at all (classic BPF, bpf(4)).
//!
//! It asks for the interface's index alone, by halving the sorted list, so that a host of a hundred containers pays seven
//! comparisons a frame. An interface nobody has spoken of yet passes: one that was plugged in is captured from its
//! first frame on.

use crate::sys::{Instruction, branch, step};

/// As many indexes the filter can hold. The kernel lets a socket have 20 KiB of filters by default (`optmem_max`), old
/// and new at once while one is replaced, at 8 bytes an instruction: this many take 6 KiB.
pub(crate) const MOST_LEFT_OUT: usize = 500;

/// So many are compared one by one where halving ends.
const LEAF: usize = 8;

/// All of a frame, however long.
const KEEP: Instruction = step(RETURN, u32::MAX);
const DROP: Instruction = step(RETURN, 0);

const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const SKIP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
/// Where a load finds the interface's index instead of bytes of the frame.
const INTERFACE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_IFINDEX) as u32;

/// The program that drops frames of these interfaces, sorted by index, and of the first [`MOST_LEFT_OUT`] at most.
pub(crate) fn dropping(left_out: &[u32]) -> Vec<Instruction> {
    let held = left_out.get(..MOST_LEFT_OUT).unwrap_or(left_out);
    let mut program = vec![step(LOAD_WORD, INTERFACE)];
    program.extend(search(held));
    program
}

/// The program that drops everything.
pub(crate) const NOTHING: [Instruction; 1] = [DROP];

fn search(indexes: &[u32]) -> Vec<Instruction> {
    let (lower, upper) = indexes.split_at(indexes.len() / 2);
    let Some(&middle) = upper.first().filter(|_| indexes.len() > LEAF) else { return leaf(indexes) };
    let (lower, upper) = (search(lower), search(upper));
    // A conditional jump reaches 255 instructions, an unconditional one any number: so it jumps over the other.
    let mut program = vec![branch(IF_AT_LEAST, middle, 0, 1), step(SKIP, lower.len() as u32)];
    program.extend(lower);
    program.extend(upper);
    program
}

fn leaf(indexes: &[u32]) -> Vec<Instruction> {
    let to_drop = (1..=indexes.len()).rev();
    let mut program: Vec<_> =
        indexes.iter().zip(to_drop).map(|(&index, jump)| branch(IF_EQUAL, index, jump as u8, 0)).collect();
    program.extend([KEEP, DROP]);
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, proptest};
    use std::collections::BTreeSet;

    /// Runs a program as the kernel would, for a frame of that interface.
    fn run(program: &[Instruction], interface: u32) -> u32 {
        let mut at = 0;
        loop {
            let instruction = program.get(at).expect("a program ends with a return");
            let jump = |taken| if taken { instruction.jt } else { instruction.jf };
            at += 1 + match instruction.code {
                LOAD_WORD => 0,
                IF_EQUAL => usize::from(jump(interface == instruction.k)),
                IF_AT_LEAST => usize::from(jump(interface >= instruction.k)),
                SKIP => instruction.k as usize,
                _ => return instruction.k,
            };
        }
    }

    #[test]
    fn the_longest_program_fits_twice_into_what_a_socket_may_have() {
        let all: Vec<u32> = (0..1000).collect();
        let program = dropping(&all);
        assert!(program.len() * 8 * 2 < 20_480, "{} instructions", program.len());
        assert_eq!((run(&program, 499), run(&program, 500)), (0, u32::MAX), "the rest is left to whoever reads");
    }

    proptest! {
        #[test]
        fn exactly_the_interfaces_left_out_are_dropped(left_out in prop::collection::btree_set(0_u32..700, 0..400)) {
            let program = dropping(&left_out.iter().copied().collect::<Vec<_>>());
            let dropped: BTreeSet<u32> = (0..700).filter(|&interface| run(&program, interface) == 0).collect();
            assert_eq!(dropped, left_out);
        }
    }
}
