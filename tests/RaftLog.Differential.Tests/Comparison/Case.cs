using RaftLog.Differential.Tests.Peers;

namespace RaftLog.Differential.Tests.Comparison;

/// <summary>One step of a script: what is asked of both nodes, and how the responses are compared.</summary>
/// <param name="Name">What is asked, for people and for the table of differences.</param>
/// <param name="AskAsync">Asks one node.</param>
/// <param name="Normalisation">What cannot be equal.</param>
internal sealed record Case(string Name, Func<Peer, Task<object>> AskAsync, Normalisation Normalisation)
{
    /// <summary>A step with the usual comparison.</summary>
    public static Case Of<T>(string name, Func<Peer, Task<T>> ask)
        where T : class => Of(name, Normalisation.Usual, ask);

    /// <summary>A step with its own comparison.</summary>
    public static Case Of<T>(string name, Normalisation normalisation, Func<Peer, Task<T>> ask)
        where T : class => new(name, async peer => await ask(peer), normalisation);

    /// <summary>The response of one node; no response is a response too.</summary>
    public async Task<Flattened> RunAsync(Peer peer)
    {
        try
        {
            return Flattened.Of(await AskAsync(peer), peer, Normalisation);
        }
        catch (WireException)
        {
            return Flattened.Of(new NoResponse { Outcome = "no response" }, peer, Normalisation);
        }
    }

    private sealed class NoResponse
    {
        public string Outcome { get; set; } = "";
    }
}
