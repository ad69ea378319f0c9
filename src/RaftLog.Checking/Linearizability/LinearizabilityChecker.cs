namespace RaftLog.Checking;

/// <summary>
/// Searches an order of overlapping calls that a sequential model explains: the algorithm of Wing and Gong (1993) with Lowe's memory of
/// what was tried (2017). Calls are taken out of a linked list of events in any order that real time allows; a return whose call is still
/// in the list is a dead end. Split a history by key before: the effort grows with the calls that overlap.
/// </summary>
public static class LinearizabilityChecker
{
    /// <summary>Looks for an order.</summary>
    /// <param name="model">What one call at a time does.</param>
    /// <param name="calls">The calls.</param>
    /// <param name="maxSteps">How many orders to try at most.</param>
    public static Linearization Check<TState, TCall>(
        ISequentialModel<TState, TCall> model,
        IReadOnlyList<TimedCall<TCall>> calls,
        long maxSteps = 2_000_000
    )
        where TState : IEquatable<TState>
    {
        CallList list = CallList.Of(calls);
        TriedStates<TState> tried = new();
        Stack<(CallEvent Event, TState Before, bool IsSkipped)> order = new();
        List<int> longest = [];
        ulong[] taken = new ulong[(calls.Count + 63) / 64];
        TState state = model.Initial;
        CallEvent? at = list.First;
        for (long steps = 0; list.Returns > 0; steps++)
        {
            if (steps >= maxSteps)
            {
                return new Linearization(LinearizationVerdict.Undecided, longest, steps);
            }

            if (!at!.IsReturn)
            {
                if (model.TryApply(state, calls[at.Call].Call, out TState next) && tried.TryAdd(With(taken, at.Call), next))
                {
                    order.Push((at, state, false));
                    Flip(taken, at.Call);
                    state = next;
                    list.Lift(at);
                    at = list.First;
                }
                else
                {
                    at = at.Next;
                }

                continue;
            }

            // An optional call that has not taken effect by its end never does.
            if (calls[at.Call].IsOptional && tried.TryAdd(With(taken, at.Call), state))
            {
                order.Push((at.Begin!, state, true));
                Flip(taken, at.Call);
                list.Lift(at.Begin!);
                at = list.First;
                continue;
            }

            if (order.Count > longest.Count)
            {
                longest = OrderOf(order);
            }

            if (!TryTakeBack(order, list, taken, ref state, out at))
            {
                return new Linearization(LinearizationVerdict.Illegal, longest, steps);
            }
        }

        return new Linearization(LinearizationVerdict.Linearizable, OrderOf(order), 0);
    }

    /// <summary>Takes back the last choice that has an alternative, and goes on behind it; false when there is none.</summary>
    private static bool TryTakeBack<TState>(
        Stack<(CallEvent Event, TState Before, bool IsSkipped)> order,
        CallList list,
        ulong[] taken,
        ref TState state,
        out CallEvent? next
    )
    {
        while (order.TryPop(out (CallEvent Event, TState Before, bool IsSkipped) last))
        {
            state = last.Before;
            Flip(taken, last.Event.Call);
            list.Unlift(last.Event);
            if (!last.IsSkipped)
            {
                next = last.Event.Next;
                return true;
            }
        }

        next = null;
        return false;
    }

    private static List<int> OrderOf<TState>(Stack<(CallEvent Event, TState Before, bool IsSkipped)> order) =>
        [.. order.Reverse().Where(each => !each.IsSkipped).Select(each => each.Event.Call)];

    private static void Flip(ulong[] bits, int index) => bits[index / 64] ^= 1UL << (index % 64);

    private static ulong[] With(ulong[] bits, int index)
    {
        ulong[] copy = [.. bits];
        Flip(copy, index);
        return copy;
    }
}
