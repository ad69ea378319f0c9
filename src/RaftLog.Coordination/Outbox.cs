using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination;

/// <summary>
/// What one input of a coordinator state brings about: records to append, and responses that may be sent when everything appended so far,
/// by this input and by those before it, is committed. The shell appends the records as one batch and replays them at once, so that the
/// next input sees them; nothing leaves the node before the commit.
/// </summary>
public sealed class Outbox
{
    private readonly List<CoordinatorRecord> _records = [];
    private readonly List<(RequestToken Request, IMessage Response)> _responses = [];
    private readonly List<ICoordinatorEffect> _effects = [];

    /// <summary>The records to append, in order, all or none.</summary>
    public IReadOnlyList<CoordinatorRecord> Records => _records;

    /// <summary>The responses to give once all that is appended is committed.</summary>
    public IReadOnlyList<(RequestToken Request, IMessage Response)> Responses => _responses;

    /// <summary>What is to be done outside of the state once all that is appended is committed, in order.</summary>
    public IReadOnlyList<ICoordinatorEffect> Effects => _effects;

    /// <summary>The producer in whose transaction the records are written; <see cref="ProducerStamp.None"/> outside of one.</summary>
    public ProducerStamp Producer { get; set; } = ProducerStamp.None;

    /// <summary>Appends a record.</summary>
    public void Append(CoordinatorRecord record) => _records.Add(record);

    /// <summary>Responds to a request: the one that is being decided, or one that has waited.</summary>
    public void Respond(RequestToken request, IMessage response) => _responses.Add((request, response));

    /// <summary>
    /// Asks for something to be done outside of the state. It is not repeated: a state that is loaded anew asks again when it is activated.
    /// </summary>
    public void Do(ICoordinatorEffect effect) => _effects.Add(effect);

    /// <summary>Empties it for the next input.</summary>
    public void Clear()
    {
        _records.Clear();
        _responses.Clear();
        _effects.Clear();
        Producer = ProducerStamp.None;
    }
}
