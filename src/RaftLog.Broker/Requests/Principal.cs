namespace RaftLog.Broker.Requests;

/// <summary>
/// Who a client is: the name that its connection was authenticated as, and of which kind. Written <c>User:alice</c>, as Kafka writes it.
/// </summary>
/// <param name="Type">The kind, <c>User</c> for all that connect.</param>
/// <param name="Name">The name.</param>
public sealed record Principal(string Type, string Name)
{
    /// <summary>The kind of all principals that connect.</summary>
    public const string UserType = "User";

    /// <summary>Whoever has not authenticated.</summary>
    public static readonly Principal Anonymous = new(UserType, "ANONYMOUS");

    /// <inheritdoc />
    public override string ToString() => $"{Type}:{Name}";
}
