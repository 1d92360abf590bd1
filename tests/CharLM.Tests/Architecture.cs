using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace CharLM.Tests;

/// <summary>
/// The dependencies between the rooms of a compiled assembly. A room is the first namespace part below the assembly's own; types directly
/// in that are the hall. Signatures, base types, attributes and method bodies count; constants do not, since the compiler inlines their
/// values.
/// </summary>
internal sealed class Architecture : IDisposable
{
    private const string Hall = "(hall)";

    private static readonly Dictionary<short, OperandType> Operands = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value, code => code.OperandType);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;
    private readonly string _root;
    private readonly Dictionary<(string From, string To), string> _arrows = [];

    /// <summary>Reads an assembly.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="root">The namespace whose parts are rooms; types outside it belong to no room.</param>
    public Architecture(string path, string root)
    {
        _file = new PEReader(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
        _root = root;
        foreach (TypeDefinitionHandle type in _reader.TypeDefinitions.Where(type => RoomOf(type) is not null))
        {
            string from = RoomOf(type)!;
            foreach (TypeDefinitionHandle used in UsesOf(type))
            {
                if (RoomOf(used) is { } to && to != from)
                    _arrows.TryAdd((from, to), $"{NameOf(type)} -> {NameOf(used)}");
            }
        }
    }

    /// <summary>For each room and a room that it uses, an example of a type that uses another.</summary>
    public IReadOnlyDictionary<(string From, string To), string> Arrows => _arrows;

    /// <summary>The names of the referenced assemblies.</summary>
    public IEnumerable<string> References =>
        _reader.AssemblyReferences.Select(reference => _reader.GetString(_reader.GetAssemblyReference(reference).Name));

    /// <summary>The full names of the public types.</summary>
    public IEnumerable<string> PublicTypes => _reader.TypeDefinitions.Where(IsVisible).Select(NameOf);

    /// <summary>The shortest circle among rooms, one arrow per line; null when there is none.</summary>
    /// <param name="arrows">For each room and a room that it uses, an example.</param>
    public static string? CircleIn(IReadOnlyDictionary<(string From, string To), string> arrows)
    {
        List<string>? shortest = null;
        foreach (string start in arrows.Keys.Select(arrow => arrow.From).Distinct())
        {
            var before = new Dictionary<string, string>();
            var waiting = new Queue<string>([start]);
            while (!before.ContainsKey(start) && waiting.TryDequeue(out string? room))
            {
                foreach ((string _, string to) in arrows.Keys.Where(arrow => arrow.From == room))
                {
                    if (before.TryAdd(to, room))
                        waiting.Enqueue(to);
                }
            }
            if (!before.ContainsKey(start))
                continue;
            List<string> circle = [start];
            for (string room = before[start]; room != start; room = before[room])
                circle.Insert(0, room);
            circle.Insert(0, start);
            if (shortest is null || circle.Count < shortest.Count)
                shortest = circle;
        }
        return shortest is null ? null : string.Join('\n', shortest.Zip(
            shortest.Skip(1), (from, to) => $"{from} -> {to}, such as {arrows[(from, to)]}"));
    }

    public void Dispose() => _file.Dispose();

    private bool IsVisible(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem => IsVisible(
                type.GetDeclaringType()),
            _ => false,
        };
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        string name = _reader.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{NameOf(outer)}.{name}" : $"{_reader.GetString(type.Namespace)}.{name}";
    }

    private string? RoomOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        if (type.GetDeclaringType() is { IsNil: false } outer)
            return RoomOf(outer);
        string name = _reader.GetString(type.Namespace);
        if (name == _root)
            return Hall;
        return name.StartsWith(_root + ".", StringComparison.Ordinal) ? name[(_root.Length + 1)..].Split('.')[0] : null;
    }

    private HashSet<TypeDefinitionHandle> UsesOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        var uses = new Uses(_reader);
        uses.Add(type.BaseType);
        uses.Add(type.GetCustomAttributes());
        uses.Add(type.GetGenericParameters());
        foreach (InterfaceImplementationHandle implementation in type.GetInterfaceImplementations())
            uses.Add(_reader.GetInterfaceImplementation(implementation).Interface);
        foreach (FieldDefinition field in type.GetFields().Select(_reader.GetFieldDefinition))
        {
            field.DecodeSignature(uses, null);
            uses.Add(field.GetCustomAttributes());
        }
        foreach (PropertyDefinitionHandle property in type.GetProperties())
            uses.Add(_reader.GetPropertyDefinition(property).GetCustomAttributes());
        foreach (MethodDefinition method in type.GetMethods().Select(_reader.GetMethodDefinition))
        {
            method.DecodeSignature(uses, null);
            uses.Add(method.GetCustomAttributes());
            uses.Add(method.GetGenericParameters());
            foreach (ParameterHandle parameter in method.GetParameters())
                uses.Add(_reader.GetParameter(parameter).GetCustomAttributes());
            if (method.RelativeVirtualAddress != 0 && (method.ImplAttributes & MethodImplAttributes.CodeTypeMask) == MethodImplAttributes.IL)
                AddBody(_file.GetMethodBody(method.RelativeVirtualAddress), uses);
        }
        return uses.Types;
    }

    private static void AddBody(MethodBodyBlock body, Uses uses)
    {
        uses.Add(body.LocalSignature);
        foreach (ExceptionRegion region in body.ExceptionRegions.Where(region => region.Kind == ExceptionRegionKind.Catch))
            uses.Add(region.CatchType);
        BlobReader code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            short instruction = code.ReadByte();
            if (instruction == 0xFE)
                instruction = unchecked((short)(0xFE00 | code.ReadByte()));
            switch (Operands[instruction])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineSig or OperandType.InlineTok
                    or OperandType.InlineType:
                    uses.Add(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    int targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    // Signatures are read only for the types of the assembly that they name.
    private sealed class Uses(MetadataReader reader) : ISignatureTypeProvider<bool, object?>
    {
        public HashSet<TypeDefinitionHandle> Types { get; } = [];

        public void Add(CustomAttributeHandleCollection attributes)
        {
            foreach (CustomAttributeHandle attribute in attributes)
                Add(reader.GetCustomAttribute(attribute).Constructor);
        }

        public void Add(GenericParameterHandleCollection parameters)
        {
            foreach (GenericParameterConstraintHandle constraint in parameters.SelectMany(
                parameter => reader.GetGenericParameter(parameter).GetConstraints()))
                Add(reader.GetGenericParameterConstraint(constraint).Type);
        }

        public void Add(EntityHandle handle)
        {
            if (handle.IsNil)
                return;
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    Types.Add((TypeDefinitionHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    Types.Add(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.FieldDefinition:
                    Types.Add(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MemberReference:
                    AddMember(reader.GetMemberReference((MemberReferenceHandle)handle));
                    break;
                case HandleKind.MethodSpecification:
                    MethodSpecification method = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(method.Method);
                    method.DecodeSignature(this, null);
                    break;
                case HandleKind.StandaloneSignature:
                    AddSignature(reader.GetStandaloneSignature((StandaloneSignatureHandle)handle));
                    break;
            }
        }

        private void AddMember(MemberReference member)
        {
            Add(member.Parent);
            if (member.GetKind() == MemberReferenceKind.Field)
                member.DecodeFieldSignature(this, null);
            else
                member.DecodeMethodSignature(this, null);
        }

        private void AddSignature(StandaloneSignature signature)
        {
            if (signature.GetKind() == StandaloneSignatureKind.Method)
                signature.DecodeMethodSignature(this, null);
            else
                signature.DecodeLocalSignature(this, null);
        }

        public bool GetTypeFromDefinition(MetadataReader _, TypeDefinitionHandle handle, byte rawTypeKind) => Types.Add(handle);

        public bool GetTypeFromReference(MetadataReader _, TypeReferenceHandle handle, byte rawTypeKind) => false;

        public bool GetTypeFromSpecification(MetadataReader _, object? context, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return true;
        }

        public bool GetArrayType(bool elementType, ArrayShape shape) => elementType;

        public bool GetByReferenceType(bool elementType) => elementType;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => false;

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => genericType;

        public bool GetGenericMethodParameter(object? context, int index) => false;

        public bool GetGenericTypeParameter(object? context, int index) => false;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => unmodifiedType;

        public bool GetPinnedType(bool elementType) => elementType;

        public bool GetPointerType(bool elementType) => elementType;

        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => false;

        public bool GetSZArrayType(bool elementType) => elementType;
    }
}
