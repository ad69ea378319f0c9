using System.Text.RegularExpressions;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Transactions;

/// <summary>Which transactions ListTransactions tells (KIP-664, KIP-994, KIP-1152).</summary>
/// <param name="Statuses">The states to tell; empty for all.</param>
/// <param name="Producers">The producers to tell; empty for all.</param>
/// <param name="LongerThanMs">Only what has run longer than so many milliseconds; negative for all.</param>
/// <param name="Pattern">Only ids that this matches; null for all.</param>
public sealed record TransactionFilter(
    IReadOnlySet<TransactionStatus> Statuses,
    IReadOnlySet<ProducerId> Producers,
    long LongerThanMs,
    Regex? Pattern
)
{
    /// <summary>True when a transaction is to be told.</summary>
    public bool Includes(string transactionalId, Transaction transaction, long nowMs) =>
        transaction.Status != TransactionStatus.Dead
        && (Statuses.Count == 0 || Statuses.Contains(transaction.Status))
        && (Producers.Count == 0 || Producers.Contains(transaction.Producer))
        && (LongerThanMs < 0 || nowMs - transaction.StartMs > LongerThanMs)
        && (Pattern is null || Pattern.IsMatch(transactionalId));
}
