using RaftLog.Checking;

namespace RaftLog.Simulation;

/// <summary>What one program did with transactions, for the checkers.</summary>
/// <param name="program">The program's number: it makes values and transaction numbers unique.</param>
public sealed class TransactionLog(int program)
{
    private const int PerProgram = 1_000_000;

    private readonly List<SentRecord> _sends = [];
    private readonly List<ClientTransaction> _transactions = [];
    private readonly List<ProducerSession> _sessions = [];

    /// <summary>Every record that was sent, each with what became of its transaction.</summary>
    public IReadOnlyList<SentRecord> Sends => _sends;

    /// <summary>The transactions.</summary>
    public IReadOnlyList<ClientTransaction> Transactions => _transactions;

    /// <summary>The incarnations of the producer.</summary>
    public IReadOnlyList<ProducerSession> Sessions => _sessions;

    /// <summary>How many transactions were told to be committed.</summary>
    public int Committed { get; private set; }

    internal RecordValue NextValue() => new(((long)program << 32) | (uint)_sends.Count);

    internal int NextSession() => (program * PerProgram) + _sessions.Count;

    internal void Add(ProducerSession session) => _sessions.Add(session);

    /// <summary>Begins a transaction; nothing of it may be seen until it is asked to commit.</summary>
    internal ClientTransaction Begin(ProducerSession session)
    {
        ClientTransaction begun = new(
            ((long)program * PerProgram) + _transactions.Count,
            session.TransactionalId,
            session.Number,
            SendOutcome.Rejected
        );
        _transactions.Add(begun);
        return begun;
    }

    internal void Add(SentRecord sent) => _sends.Add(sent);

    /// <summary>Says where a record stands, when it was appended.</summary>
    internal void Place(SentRecord sent)
    {
        int index = _sends.FindLastIndex(each => each.Value == sent.Value);
        _sends[index] = sent with { Outcome = _sends[index].Outcome };
    }

    /// <summary>Says how far a transaction has come, and so its records.</summary>
    internal void Update(ClientTransaction transaction)
    {
        int index = _transactions.FindLastIndex(each => each.Number == transaction.Number);
        Committed += transaction.Outcome == SendOutcome.Acknowledged && _transactions[index].Outcome != SendOutcome.Acknowledged ? 1 : 0;
        _transactions[index] = transaction;
        for (int i = _sends.Count - 1; i >= 0 && _sends[i].Transaction >= transaction.Number; i--)
        {
            if (_sends[i].Transaction == transaction.Number)
            {
                _sends[i] = _sends[i] with { Outcome = transaction.Outcome };
            }
        }
    }
}
