namespace RaftLog.Architecture.Tests;

/// <summary>A place in compiled code that names a type or member of another assembly.</summary>
/// <param name="Caller">The type and method it is in; only the type for a field or signature.</param>
/// <param name="Type">The full name of the type used, without generic arguments.</param>
/// <param name="Member">The member used; empty when only the type is named.</param>
/// <param name="Parameters">The full names of the parameter types of the method used.</param>
internal sealed record Use(string Caller, string Type, string Member, IReadOnlyList<string> Parameters)
{
    public override string ToString() =>
        Member.Length == 0 ? $"{Caller} names {Type}" : $"{Caller} uses {Type}.{Member}({string.Join(", ", Parameters)})";
}

/// <summary>A static field.</summary>
/// <param name="Name">The declaring type and the field.</param>
/// <param name="Type">The full name of its type.</param>
/// <param name="IsReadOnly">Whether it is assigned once.</param>
internal sealed record StaticField(string Name, string Type, bool IsReadOnly);

/// <summary>A call within an assembly.</summary>
/// <param name="Caller">The type and method it is in.</param>
/// <param name="Member">The type and method called.</param>
internal sealed record OwnCall(string Caller, string Member);

/// <summary>A text in an assembly's code.</summary>
/// <param name="Caller">The type and method it is in.</param>
/// <param name="Text">The text.</param>
internal sealed record OwnText(string Caller, string Text);
